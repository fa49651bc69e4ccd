"""The source over a real child process, a file and a socket: what fails costs what it must and no more."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import active_count

import pytest

from exporters.metric import Sample
from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.neuron import make_roster
from exporters.sources.neuron.child import ChildFeed
from exporters.sources.neuron.feed import Feed, feed_of
from exporters.sources.neuron.monitor import MonitorSource
from exporters.sources.neuron.telling import Telling
from tests.exporters.sources.neuron.conftest import FAKE, Settings, line_of, values
from tests.exporters.sources.neuron.test_child import is_alive
from tests.exporters.sources.neuron.test_telling import TRN1, busy

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
PATIENCE_SECONDS = 30.0
QUICK = (*FAKE, "--period", "0.05", "--process", "llm=0.5")


def source_of(feed: Feed, is_expected: bool = True) -> MonitorSource:
    return MonitorSource(feed, Telling("node-1", ""), "node-1", 1.0, lambda: is_expected)


def child(*options: str) -> MonitorSource:
    return source_of(ChildFeed((*QUICK, *options), 1.0))


def lines(samples: list[Sample]) -> dict[str, float]:
    return {result: value for (_, result), value in values(samples, "neuron_monitor_lines_total").items()}


def starts(samples: list[Sample]) -> float:
    return values(samples, "neuron_monitor_starts_total")["node-1",]


def until(source: MonitorSource, fits: Callable[[list[Sample]], bool]) -> list[Sample]:
    """The first answer that fits; a source may fail on the way there."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            samples = list(source.read())
        except SourceFailed:
            samples = []
        if samples and fits(samples):
            return samples
        time.sleep(0.05)
    raise AssertionError("it never came to this")


def read_on(source: MonitorSource) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        source.read()
        time.sleep(0.05)


def children() -> set[int]:
    """The monitors that this process started, also in threads that end meanwhile. Other tests leave other helpers."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            found |= {int(one) for one in (task / "children").read_text().split() if is_monitor(int(one))}
    return found


def is_monitor(pid: int) -> bool:
    try:
        return b"neuron_monitor" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    before, threads = children(), active_count()
    yield
    end = time.monotonic() + PATIENCE_SECONDS
    while (children() - before or active_count() > threads) and time.monotonic() < end:
        time.sleep(0.02)
    assert children() <= before
    assert active_count() <= threads


def test_a_child_is_read_and_goes_when_the_roster_is_closed() -> None:
    settings = Settings(Path("/nowhere"), neuron_monitor=QUICK)
    with closing(make_roster(settings)) as roster:
        source = roster.sources()["neuron"]
        assert source is roster.sources()["neuron"]
        samples = list(source.read())
        assert {sample.metric for sample in samples} <= set(source.metrics)
        assert set(values(samples, "accelerator_busy_ratio").values()) == {0.5}


@pytest.mark.parametrize(("fault", "result"), [("bad", "refused"), ("nan", "refused"), ("huge", "oversize")])
def test_a_line_that_cannot_be_read_is_counted_and_the_next_one_counts(fault: str, result: str) -> None:
    with closing(child("--fault", f"{fault}@2")) as source:
        samples = until(source, lambda samples: lines(samples)["read"] >= 2 and lines(samples)[result] > 0)
        assert lines(samples)[result] == 1
        assert starts(samples) == 1


@pytest.mark.parametrize("fault", ["exit", "cut"])
def test_a_child_that_ends_is_started_again(fault: str) -> None:
    with closing(child("--fault", f"{fault}@3")) as source:
        assert starts(until(source, lambda samples: starts(samples) >= 2 and lines(samples)["read"] >= 3)) == 2


def test_a_child_that_is_killed_is_started_again_and_its_counters_go_on() -> None:
    with closing(child()) as source:
        before = until(source, lambda samples: lines(samples)["read"] >= 2)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        after = until(source, lambda samples: starts(samples) == 2 and lines(samples)["read"] > lines(before)["read"])
        done = [values(samples, "neuron_executions_total")["node-1", "completed"] for samples in (before, after)]
        assert done[1] > done[0]
        assert not is_alive(pid)


def test_a_child_that_hangs_fails_and_is_replaced() -> None:
    with closing(child("--fault", "hang@2")) as source:
        samples = list(source.read())
        (pid,) = children()
        assert starts(samples) == 1
        until(source, lambda samples: starts(samples) == 2)
        assert not is_alive(pid)


def test_old_figures_are_not_told_as_new() -> None:
    with closing(child("--fault", "hang@2")) as source:
        source.read()
        with pytest.raises(SourceFailed, match="no readable line of neuron-monitor for"):
            read_on(source)


@pytest.mark.parametrize(("is_expected", "reason"), [(True, SourceFailed), (False, SourceAbsent)])
def test_a_program_that_cannot_start_says_why(is_expected: bool, reason: type[Exception]) -> None:
    with closing(source_of(ChildFeed(("/nowhere/neuron-monitor",), 1.0), is_expected)) as source:
        source._first_line_seconds = 0.5
        with pytest.raises(reason, match="No such file"):
            source.read()


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(line_of(TRN1, busy(0.5)) + b"\n")
    with closing(source_of(feed_of(path, 60))) as source:
        assert lines(list(source.read()))["read"] == 1
        with path.open("ab") as file:
            file.write(line_of(TRN1) + b"\n")
        samples = until(source, lambda samples: lines(samples)["read"] == 2)
        assert set(values(samples, "accelerator_busy_ratio").values()) == {0.0}


def test_a_socket_is_read_and_connected_again(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with closing(source_of(feed_of(path, 60))) as source:
            source._start()
            for times in (1, 2):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(line_of(TRN1) + b"\n")
                    samples = until(source, lambda samples, times=times: lines(samples)["read"] == times)  # type: ignore[misc]
                    assert starts(samples) == times


def test_lines_that_are_all_unreadable_are_a_failure_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"panic\n")
    with closing(source_of(feed_of(path, 60))) as source:
        source._first_line_seconds = 0.5
        with pytest.raises(SourceFailed, match="what it prints is no JSON"):
            source.read()


def test_hardware_that_does_not_exist_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"neuron_hardware_info": {"neuron_device_count": 0}}\n')
    with closing(source_of(feed_of(path, 60))) as source, pytest.raises(SourceAbsent, match="no Neuron device"):
        source.read()


def test_hardware_that_is_not_told_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"neuron_hardware_info": {"error": "no driver"}}\n')
    with closing(source_of(feed_of(path, 60))) as source:
        source._first_line_seconds = 0.5
        with pytest.raises(SourceFailed, match="lack neuron_hardware_info"):
            source.read()


def test_a_source_that_was_closed_starts_nothing() -> None:
    source = child()
    source.close()
    source._first_line_seconds = 0.01
    with pytest.raises(SourceFailed):
        source.read()

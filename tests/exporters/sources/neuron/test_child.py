"""neuron-monitor as a child: configured, drained, ended, and never left behind. The child is a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from exporters.sources.neuron.child import ChildFeed, configuration
from tests.exporters.sources.neuron.conftest import FAKE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
PATIENCE_SECONDS = 20.0


def is_alive(pid: int) -> bool:
    """Whether there is such a process, a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until_gone(pid: int) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(pid)


def script(text: str) -> tuple[str, ...]:
    """A command that runs this program; the options that are added to it are its arguments."""
    return sys.executable, "-c", text


def text_of(chunks: Iterator[bytes]) -> bytes:
    return b"".join(chunks)


def first_line(chunks: Iterator[bytes]) -> bytes:
    """A chunk may end anywhere."""
    text = b""
    while b"\n" not in text:
        text += next(chunks)
    return text


@pytest.mark.parametrize(("seconds", "period"), [(10.0, "10s"), (0.2, "1s"), (2.4, "2s")])
def test_the_period_is_asked_for_in_whole_seconds(seconds: float, period: str) -> None:
    asked = json.loads(configuration(seconds))
    assert asked["period"] == period
    assert {group["type"] for group in asked["neuron_runtimes"][0]["metrics"]} == {
        *("neuroncore_counters", "execution_stats", "memory_used", "neuron_runtime_vcpu_usage")
    }


def test_the_child_gets_its_configuration_which_goes_when_it_ends() -> None:
    feed = ChildFeed(script("import sys; print(sys.argv[2]); print(open(sys.argv[2]).read())"), 10.0)
    path, told = text_of(feed.chunks()).decode().splitlines()
    assert told.encode() == configuration(10.0)
    assert not Path(path).exists()


def test_a_child_that_fills_stderr_is_not_held_up() -> None:
    feed = ChildFeed((*FAKE, "--period", "0.01", "--lines", "3", "--fault", "noise@1", "--fault", "noise@2"), 1.0)
    assert text_of(feed.chunks()).count(b"\n") == 3


def test_the_last_words_explain_an_end() -> None:
    feed = ChildFeed((*FAKE, "--fault", "exit@1"), 1.0)
    assert text_of(feed.chunks()) == b""
    assert feed.trouble in ("neuron-monitor: no driver", "it ended with status 3")


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        text_of(ChildFeed(("/nowhere/neuron-monitor",), 1.0).chunks())


def test_closing_ends_a_silent_child_from_another_thread() -> None:
    feed = ChildFeed(script("import os, time; print(os.getpid(), flush=True); time.sleep(3600)"), 1.0)
    chunks = feed.chunks()
    pid = int(first_line(chunks))
    feed.close()
    assert text_of(chunks) == b""
    assert until_gone(pid)


def test_a_child_that_refuses_to_end_is_killed_with_its_helpers() -> None:
    feed = ChildFeed(
        script(
            "import os, signal, subprocess, sys, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
            "print(os.getpid(), helper.pid, flush=True)\n"
            "time.sleep(3600)"
        ),
        1.0,
    )
    chunks = feed.chunks()
    child, helper = map(int, first_line(chunks).split())
    chunks.close()
    assert until_gone(child)
    assert not is_running(helper)


def is_running(pid: int) -> bool:
    """Whether it still runs; whoever inherits an orphan may take its status late."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return False
        if state == "Z":
            return False
        time.sleep(0.02)
    return True


def test_a_child_that_was_killed_is_noticed_though_a_helper_holds_its_output() -> None:
    feed = ChildFeed(
        script(
            "import os, subprocess, sys, time\n"
            "helper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"
            "print(os.getpid(), helper.pid, flush=True)\n"
            "time.sleep(3600)"
        ),
        1.0,
    )
    chunks = feed.chunks()
    child, helper = map(int, first_line(chunks).split())
    os.kill(child, signal.SIGKILL)
    assert text_of(chunks) == b""
    assert not is_running(helper)
    assert not is_alive(child)


def test_the_child_ends_with_a_program_that_forgets_to_close_it() -> None:
    program = (
        "import sys\n"
        "from exporters.sources.neuron.child import ChildFeed\n"
        "text = 'import os, time; print(os.getpid(), flush=True); time.sleep(3600)'\n"
        "chunks = ChildFeed((sys.executable, '-c', text), 1.0).chunks()\n"
        "text = b''\n"
        "while not text.endswith(b'\\n'): text += next(chunks)\n"
        "print(text.decode())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    assert until_gone(int(done.stdout))


def test_each_opening_starts_a_child_of_its_own() -> None:
    feed = ChildFeed(script("import os; print(os.getpid())"), 1.0)
    assert len({text_of(feed.chunks()) for _ in range(3)}) == 3
    assert list(islice(feed.chunks(), 0)) == []

"""`gpuyield export node` as a process: it serves, it says what is wrong, it ends when told to."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.agent.options import SettingsError
from exporters.agent.settings import Settings
from exporters.commands.export import rosters_of
from exporters.kubelet.device_ids import DeviceNames
from exporters.source import Roster
from exporters.sources import kubelet

ROOT = Path(__file__).parents[3]
EXPORT = [sys.executable, "-m", "gpuyield", "export", "node", "--listen", "127.0.0.1:0", "--node-name", "n"]
# The same command, where the only source never answers.
HANGING = f"""
import sys, threading
from exporters.commands import export
from gpuyield.__main__ import main

class Hung:
    metrics = ()
    def read(self):
        threading.Event().wait()

class Hole:
    name = "hole"
    def sources(self):
        return {{"hole/0": Hung()}}
    def close(self):
        threading.Event().wait()

export.rosters_of = lambda settings: [Hole()]
sys.exit(main({EXPORT[3:]!r}))
"""


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the URL that it says it serves."""
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"msg=serving url=(\S+)", line):
                yield process, found[1]
                break
        else:
            pytest.fail("it did not start to serve")
    finally:
        process.kill()
        process.wait(20)
        process.stderr.close()


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        body: bytes = answer.read()
        return body


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with running(EXPORT) as (process, url):
        until = time.monotonic() + 20
        while b'gpuyield_source_absent{source="' not in get(f"{url}/metrics"):
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(20) == 0


def test_it_ends_although_a_source_hangs() -> None:
    with running([sys.executable, "-c", HANGING]) as (process, url):
        assert get(f"{url}/-/healthy") == b"healthy\n"
        began = time.monotonic()
        process.terminate()
        assert process.wait(20) == 0
        print(f"ended after {time.monotonic() - began:.1f} s")


def test_it_stays_small() -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    with running(EXPORT) as (process, url):
        get(f"{url}/metrics")
        text = Path(f"/proc/{process.pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) / 1024  # type: ignore[index]
        print(f"resident memory {resident:.0f} MiB")
        loaded = Path(f"/proc/{process.pid}/maps").read_text()
        assert not re.search(r"duckdb|pyarrow|numpy|pandas", loaded)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--interval", "soon"], "--interval: 'soon' is no span of time"),
        (["--sources", "nvidai"], "--sources: `nvidai` is not known; is `nvidia` meant?"),
        (["--listen", "256.0.0.1:1"], "cannot listen on 256.0.0.1:1"),
        (["--config", "no-such-file"], "no-such-file cannot be read"),
        (["--web-config", "no-such-file"], "no-such-file cannot be read"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(words: list[str], says: str) -> None:
    done = subprocess.run([*EXPORT, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_sources_can_be_chosen() -> None:
    every = [roster.name for roster in rosters_of(Settings("n"))]
    assert {"nvidia", "neuron", "efa", "kubelet"} <= set(every)
    assert [roster.name for roster in rosters_of(Settings("n", sources=("kubelet",)))] == ["kubelet"]
    with pytest.raises(SettingsError, match="is `neuron` meant"):
        rosters_of(Settings("n", sources=("neurons",)))


def test_the_kubelet_is_told_what_the_driver_calls_its_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    real, given = kubelet.make_roster, list[object]()

    def make_roster(settings: Settings, names: DeviceNames | None = None) -> Roster:
        given.append(names)
        return real(settings, names)

    monkeypatch.setattr(kubelet, "make_roster", make_roster)
    found = {roster.name: roster for roster in rosters_of(Settings("n"))}
    rosters_of(Settings("n", sources=("kubelet",)))
    assert given == [found["nvidia"], None]


def test_the_environment_is_read() -> None:
    done = subprocess.run(
        EXPORT[:5], cwd=ROOT, env={**os.environ, "GPUYIELD_LISTEN": "x"}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, "GPUYIELD_LISTEN: write HOST:PORT" in done.stderr) == (2, True)

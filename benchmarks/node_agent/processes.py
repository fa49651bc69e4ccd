"""Starts what takes part, and looks at what a process uses."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_STARTING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process, its children not included."""

    rss_mib: float
    cpu_seconds: float
    threads: int
    open_files: int


def usage_of(pid: int) -> Usage:
    place = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines())
    times = (place / "stat").read_text().rpartition(")")[2].split()
    return Usage(
        int(status["VmRSS"].split()[0]) / 1024,
        (int(times[11]) + int(times[12])) / _TICKS,
        int(status["Threads"]),
        len(list((place / "fd").iterdir())),
    )


class Child:
    """A process that is told things on its stdin and answers on its stdout, a line each."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return line.strip()
        raise RuntimeError(f"{self._process.args!r} ended")

    def end(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@contextlib.contextmanager
def child(command: Sequence[str], log: Path) -> Iterator[Child]:
    one = Child(command, log)
    try:
        yield one
    finally:
        one.end()


def module(name: str, *options: str, python: str = sys.executable) -> list[str]:
    return [python, "-m", f"benchmarks.node_agent.{name}", *options]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str) -> None:
    until = monotonic() + _STARTING_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if monotonic() > until:
                raise
            sleep(0.1)

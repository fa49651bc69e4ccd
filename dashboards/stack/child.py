"""A program of the stack: started in a session of its own, so that Ctrl-C reaches it only through us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.source import GpuyieldError

STOP_SECONDS = 8.0
_LOOK_SECONDS = 0.1
_ANSWER_SECONDS = 2.0
_LAST_LINES = 12


class StackError(GpuyieldError):
    """The stack cannot start, or cannot go on."""

    exit_code = 1


def do(what: str, *command: str | Path) -> None:
    """Runs a program that ends by itself; it is not met by Ctrl-C."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, start_new_session=True)
    if done.returncode:
        raise StackError(f"{what} failed (exit code {done.returncode}):\n{_indented(done.stderr or done.stdout)}")


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines()[-_LAST_LINES:]) or "  (it printed nothing)"


@dataclass(slots=True)
class Child:
    """`log` gets all that it prints."""

    name: str
    log: Path
    command: Sequence[str | Path]
    _process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def check(self) -> None:
        """Raises where it has ended, with its last lines."""
        code = self._process.poll()
        if code is not None:
            how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
            last = _indented(self.log.read_text(errors="replace"))
            raise StackError(f"{self.name} ended ({how}); its last lines:\n{last}")

    def ask_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()

    def end(self, until: float) -> None:
        """Waits until then (monotonic seconds), and kills it and all that it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, until - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def end_all(children: Iterable[Child]) -> None:
    """All at the same time, within STOP_SECONDS."""
    running = list(children)
    for child in running:
        child.ask_to_stop()
    until = time.monotonic() + STOP_SECONDS
    for child in running:
        child.end(until)


def wait_for(is_there: Callable[[], bool], what: str, seconds: float, watch: Callable[[], None]) -> None:
    """`watch` is called while we wait, and may raise."""
    until = time.monotonic() + seconds
    while not is_there():
        watch()
        if time.monotonic() > until:
            raise StackError(f"{what} is not there after {seconds:g} s")
        time.sleep(_LOOK_SECONDS)


def answers(url: str) -> bool:
    """Whether there is an answer of status 200. Proxies of the environment are not asked: it is on this machine."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False

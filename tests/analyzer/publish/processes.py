"""`gpuyield publish` as a process of its own, which can be killed at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_SECONDS = 60.0


class Process:
    """Started anew after each kill, at the same address and with the same state file."""

    def __init__(self, store: Path, state: Path, port: int, *options: str) -> None:
        self.url = f"http://127.0.0.1:{port}/metrics"
        self._log = state.with_suffix(".log")
        self._command = [sys.executable, "-m", "gpuyield", "publish", "--store", str(store), "--state", str(state)]
        self._command += ["--listen", f"127.0.0.1:{port}", *options]
        self._running = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, cwd=_ROOT, stderr=log)

    def kill(self) -> None:
        """As the kernel does it: nothing is finished, nothing is closed."""
        self._running.send_signal(signal.SIGKILL)
        self._running.wait(10)
        self._running = self._start()

    def stop(self) -> int:
        self._running.terminate()
        try:
            return self._running.wait(20)
        finally:
            self._running.kill()

    def page(self) -> dict[str, float]:
        """By series, as written on the page; empty while nobody answers."""
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                text = answer.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return {}
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {series: float(value) for series, _, value in lines}

    def wait_until_closed(self, at: float, everything: bool = False) -> dict[str, float]:
        """Until the totals have the cells before `at`, and with `everything` until no new series waits."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            page = self.page()
            closed = [value for name, value in page.items() if name.startswith("gpuyield_ledger_closed_cell")]
            if closed and closed[0] >= at and not (everything and page["gpuyield_publish_waiting_dollars"]):
                return page
            time.sleep(0.1)
        raise AssertionError(f"nothing was published up to {at}: {self._log.read_text()[-2000:]}")

"""neuron-monitor as a child process: started with a configuration of our own, drained, and never left behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Generator
from pathlib import Path
from threading import Thread
from typing import IO

import msgspec

from exporters.sources.neuron.feed import CHUNK_BYTES

_LOOK_SECONDS = 0.25
_GRACE_SECONDS = 0.5  # between asking the child to end and ending it
_TROUBLE_BYTES = 300  # of what it last wrote to stderr

_RUNTIME_GROUPS = ("neuroncore_counters", "execution_stats", "memory_used", "neuron_runtime_vcpu_usage")
# vcpu_usage and memory_info are the whole machine's, node_exporter's trade, and wrong inside a container.
_SYSTEM_GROUPS = ("neuron_hw_counters",)


class ChildFeed:
    """Starts the program anew at each opening."""

    silence_is_a_hang = True

    def __init__(self, command: tuple[str, ...], period_seconds: float) -> None:
        self.trouble = ""
        self._command = command
        self._configuration = configuration(period_seconds)
        self._child: subprocess.Popen[bytes] | None = None

    def chunks(self) -> Generator[bytes, None, None]:
        self.trouble = ""
        with tempfile.TemporaryDirectory(prefix="gpuyield-neuron-") as folder:
            path = Path(folder) / "monitor.json"
            path.write_bytes(self._configuration)
            child = self._started(path)
            at_exit = weakref.finalize(self, _end, child)  # also when the interpreter ends
            try:
                yield from _printed(child)
            finally:
                _end(child)
                at_exit.detach()
                self.trouble = self.trouble or f"it ended with status {child.returncode}"

    def close(self) -> None:
        child = self._child
        if child is not None:
            _end(child)

    def _started(self, configuration_file: Path) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [*self._command, "-c", str(configuration_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # neuron-monitor has helpers of its own; they end with it
        )
        self._child = child
        Thread(target=self._drain, args=(child,), name="neuron-monitor-stderr", daemon=True).start()
        return child

    def _drain(self, child: subprocess.Popen[bytes]) -> None:
        """Reads stderr, so that the child never waits for it; its last words explain an end."""
        pipe: IO[bytes] | None = child.stderr
        assert pipe is not None
        with pipe:
            while chunk := os.read(pipe.fileno(), CHUNK_BYTES):
                self.trouble = _last_words(chunk) or self.trouble


def configuration(period_seconds: float) -> bytes:
    """neuron-monitor's own configuration file. Whole seconds: it takes "1.5s" for its default of 5 s."""
    period = f"{max(round(period_seconds), 1)}s"
    runtime = {"tag_filter": ".*", "metrics": [{"type": group} for group in _RUNTIME_GROUPS]}
    system = [{"type": group} for group in _SYSTEM_GROUPS]
    return msgspec.json.encode({"period": period, "neuron_runtimes": [runtime], "system_metrics": system})


def _printed(child: subprocess.Popen[bytes]) -> Generator[bytes, None, None]:
    """What the child prints. Its pipe is looked at, not waited for, so that closing is never late."""
    pipe = child.stdout
    assert pipe is not None
    with pipe:
        while True:
            ready, _, _ = select.select([pipe], [], [], _LOOK_SECONDS)
            chunk = os.read(pipe.fileno(), CHUNK_BYTES) if ready else None
            if chunk == b"" or (chunk is None and _has_ended(child)):
                return
            yield chunk or b""


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Looks without taking the status: until it is taken, no other process can get the child's number."""
    looking = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return child.returncode is not None or os.waitid(os.P_PID, child.pid, looking) is not None


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and its helpers, and takes its status: no zombie stays."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        if child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(child.pid, signal_number)
            child.wait(_GRACE_SECONDS)


def _last_words(chunk: bytes) -> str:
    lines = chunk.decode(errors="replace").strip().splitlines()
    return lines[-1][:_TROUBLE_BYTES] if lines else ""

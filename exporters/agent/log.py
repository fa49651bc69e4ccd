"""Lines for people and log stores, on stderr: logfmt or JSON, and never many of one kind.

Values of metric labels (pods, namespaces) do not belong here: logs are kept longer and read by more people.
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from threading import Lock
from typing import TextIO

from exporters.agent.clock import Clock

_BARE = re.compile(r"[^\s\"=\\\x00-\x1f]+")
_QUIET_SECONDS = 30.0
_KEYS_KEPT = 1000
Fact = str | int | float


class LogFormat(StrEnum):
    LOGFMT = "logfmt"
    JSON = "json"


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_LEVELS = tuple(Level)


class Log:
    """Of one message about one source, at most one line in 30 seconds; the next one says how many were left out."""

    def __init__(self, out: TextIO, form: LogFormat, level: Level, clock: Clock) -> None:
        self._out = out
        self._form = form
        self._from = _LEVELS.index(level)
        self._clock = clock
        self._lock = Lock()
        self._last: dict[tuple[str, Fact], float] = {}
        self._left_out: dict[tuple[str, Fact], int] = {}

    def debug(self, message: str, **facts: Fact) -> None:
        self._write(Level.DEBUG, message, facts)

    def info(self, message: str, **facts: Fact) -> None:
        self._write(Level.INFO, message, facts)

    def warning(self, message: str, **facts: Fact) -> None:
        self._write(Level.WARNING, message, facts)

    def error(self, message: str, **facts: Fact) -> None:
        self._write(Level.ERROR, message, facts)

    def _write(self, level: Level, message: str, facts: dict[str, Fact]) -> None:
        if _LEVELS.index(level) < self._from:
            return
        with self._lock:
            key = message, facts.get("source", "")
            now = self._clock.monotonic()
            if now - self._last.get(key, -_QUIET_SECONDS) < _QUIET_SECONDS:
                self._left_out[key] = self._left_out.get(key, 0) + 1
                return
            if len(self._last) >= _KEYS_KEPT:  # sources that came and went
                self._last.clear()
                self._left_out.clear()
            self._last[key] = now
            left_out = self._left_out.pop(key, 0)
            line = {"ts": self._stamp(), "level": level.value, "msg": message, **facts}
            self._print(line | {"left_out": left_out} if left_out else line)

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _print(self, line: dict[str, Fact]) -> None:
        text = json.dumps(line) if self._form is LogFormat.JSON else _logfmt(line)
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more: no reason to stop measuring
            print(text, file=self._out, flush=True)


def _logfmt(line: dict[str, Fact]) -> str:
    return " ".join(f"{name}={_shown(str(value))}" for name, value in line.items())


def _shown(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)

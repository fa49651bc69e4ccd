"""Counts scrapes and tells the user when a target goes down, comes back or has bad lines: a line per change."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from exporters.recording.targets import Target

Say = Callable[[str], None]


class Status:
    """The state of every target; for any thread."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._lock = Lock()
        self._is_up: dict[Target, bool] = {}
        self._remarked: set[Target] = set()
        self.last_failure = ""
        self.scrapes = 0
        self.failed = 0

    @property
    def targets_up(self) -> int:
        """How many targets answered last time."""
        with self._lock:
            return sum(self._is_up.values())

    def scraped(self, target: Target, failure: str, remark: str = "") -> None:
        """Counts one scrape. `failure` is "" where it went well; `remark` is what was wrong about a good page."""
        with self._lock:
            was_up = self._is_up.get(target, True)
            self._is_up[target] = not failure
            self.scrapes += 1
            self.failed += bool(failure)
            if failure:
                self.last_failure = f"{target.shown}: {failure}"
            if was_up and failure:
                self._say(f"{target.shown} is down: {failure}")
            elif not was_up and not failure:
                self._say(f"{target.shown} is up again")
            if not failure:
                self._remark(target, remark)

    def _remark(self, target: Target, remark: str) -> None:
        if not remark:
            self._remarked.discard(target)
        elif target not in self._remarked:
            self._remarked.add(target)
            self._say(f"{target.shown} is up, but {remark}")

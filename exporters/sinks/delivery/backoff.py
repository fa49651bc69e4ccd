"""When to try again: later each time, at random, so that a thousand nodes do not come back at once."""

from __future__ import annotations

from collections.abc import Callable

_FIRST_SECONDS, _MOST_SECONDS = 1.0, 60.0


class Backoff:
    """`chance` gives numbers from 0 to 1."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._failures = 0

    def fail(self, after_seconds: float | None) -> float:
        """Seconds to wait: what the service asks for, or a random part of a time that doubles."""
        ceiling = min(_MOST_SECONDS, _FIRST_SECONDS * 2.0**self._failures)
        self._failures = min(self._failures + 1, 10)
        return max(after_seconds or 0.0, ceiling * (0.5 + 0.5 * self._chance()))

    def succeed(self) -> None:
        self._failures = 0

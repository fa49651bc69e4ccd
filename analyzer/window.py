"""A span of time, and the cells it is cut into (DESIGN 6.1). All times are unix microseconds, UTC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

CELL_SECONDS = 300
MICROSECONDS = 1_000_000
CELL = CELL_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to and without `end`, unix microseconds."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a window must end after it starts, not {self.start} to {self.end}")

    @classmethod
    def of_seconds(cls, start: float, end: float) -> Window:
        """The window between two unix times, widened to cell edges."""
        return cls(
            math.floor(start / CELL_SECONDS) * CELL,
            max(math.ceil(end / CELL_SECONDS), math.floor(start / CELL_SECONDS) + 1) * CELL,
        )

    def widened(self, before_seconds: float, after_seconds: float) -> Window:
        """The window with a margin on both sides."""
        return Window(self.start - round(before_seconds * MICROSECONDS), self.end + round(after_seconds * MICROSECONDS))

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / MICROSECONDS

    @property
    def cells(self) -> int:
        return (self.end - self.start) // CELL


def rfc3339(at: int) -> str:
    """Microseconds as RFC 3339 UTC; whole seconds when they are whole."""
    text = datetime.fromtimestamp(at / MICROSECONDS, UTC).isoformat()
    return text.replace("+00:00", "Z")

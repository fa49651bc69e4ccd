"""A value that stands still between instants, and its running integral: what every simulated quantity is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Span:
    """Time from `start` up to, not including, `end`; seconds since 1970."""

    start: float
    end: float

    def holds(self, at: float) -> bool:
        return self.start <= at < self.end

    def within(self, other: Span) -> Span | None:
        """The part that lies in `other`; None when they do not meet."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """`levels[i]` from `times[i]` until `times[i + 1]`; 0 before the first, the last one for ever."""

    times: Floats
    levels: Floats
    areas: Floats  # the integral up to each time

    @classmethod
    def of(cls, times: Floats, levels: Floats) -> Steps:
        every_time = np.concatenate(([0.0], times))
        every_level = np.concatenate(([0.0], levels))
        areas = np.concatenate(([0.0], np.cumsum(np.diff(every_time) * every_level[:-1])))
        return cls(every_time, every_level, areas)

    @classmethod
    def spans(cls, pieces: Iterable[tuple[float, float, float]]) -> Steps:
        """From (start, end, level) pieces in order that do not overlap; 0 between them."""
        times: list[float] = []
        levels: list[float] = []
        for start, end, level in pieces:
            if times and times[-1] == start:
                levels[-1] = level
            else:
                times.append(start)
                levels.append(level)
            if end < FOREVER:
                times.append(end)
                levels.append(0.0)
        return cls.of(np.array(times), np.array(levels))

    @classmethod
    def total(cls, parts: Sequence[Steps]) -> Steps:
        if not parts:
            return cls.spans(())
        times = np.unique(np.concatenate([part.times[1:] for part in parts]))
        levels = np.zeros_like(times)
        for part in parts:
            levels += part.at(times)
        return cls.of(times, levels)

    def at(self, times: Floats) -> Floats:
        return self.levels[self._index(times)]

    def area(self, times: Floats) -> Floats:
        """The integral from the beginning of time to each instant."""
        index = self._index(times)
        return self.areas[index] + self.levels[index] * (times - self.times[index])

    def mean(self, ends: Floats, seconds: float) -> Floats:
        """The average over the `seconds` before each instant."""
        return (self.area(ends) - self.area(ends - seconds)) / seconds

    def _index(self, times: Floats) -> npt.NDArray[np.intp]:
        return np.maximum(np.searchsorted(self.times, times, side="right") - 1, 0)

"""Since when each counter counts, and which samples were told already.

A sum of OTLP says since when it counts. Of a series that is seen for the first time that is not known: its first point
starts at its own time, and readers take it for no increase. A fall is a restart: what is counted then was counted after
the sample before.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

_FORGET_SECONDS = 3_600.0
_AFTER_SECONDS = 0.001  # the sample before may itself be the start of its stream, and a new one must differ


@dataclass(slots=True)
class _Stream:
    start: float
    at: float
    values: tuple[float, ...]


class Streams:
    """Remembers each series that was told within an hour."""

    def __init__(self) -> None:
        self._streams: dict[Hashable, _Stream] = {}
        self._swept_at = 0.0

    def __len__(self) -> int:
        return len(self._streams)

    def start(self, series: Hashable, at: float, values: tuple[float, ...]) -> float | None:
        """Unix seconds; None where this series was told with this time or a later one.

        `values` are all that only rise while nothing restarts; empty for a gauge.
        """
        known = self._streams.get(series)
        if known is None:
            self._streams[series] = _Stream(at, at, values)
            return at
        if at <= known.at:
            return None
        if _fell(known.values, values):
            known.start = min(known.at + _AFTER_SECONDS, at)
        known.at, known.values = at, values
        return known.start

    def sweep(self, now: float) -> None:
        """Forgets what is told no more: pods come and go."""
        if now - self._swept_at > _FORGET_SECONDS:
            self._streams = {key: one for key, one in self._streams.items() if now - one.at <= _FORGET_SECONDS}
            self._swept_at = now


def _fell(before: tuple[float, ...], after: tuple[float, ...]) -> bool:
    return len(before) != len(after) or any(new < old for old, new in zip(before, after, strict=True))

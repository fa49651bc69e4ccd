"""A hardware counter that begins again from 0 when its register is full, read as one that only rises."""

from __future__ import annotations

from exporters.sources.nvidia.fields import FieldValue

_NARROW = 1 << 32


class Climb:
    """Adds up what a counter has climbed. A register that goes round more than once between two readings is not seen;
    at 64 bits none goes round, so there a fall is a restart of the counter, and is passed on."""

    def __init__(self) -> None:
        self._before: float = 0
        self._carried: float = 0

    def total(self, reading: FieldValue, is_restarted: bool) -> float:
        """The climbed total; `is_restarted` when the device is known to have begun anew since the last reading."""
        if is_restarted or (reading.value < self._before and reading.wraps_at > _NARROW):
            self._carried = 0
        elif reading.value < self._before:
            self._carried += reading.wraps_at
        self._before = reading.value
        return self._carried + reading.value

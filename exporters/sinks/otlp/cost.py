"""What CloudWatch charges for what is sent to its OTLP endpoint: by the gigabyte, whatever the number of series."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

_TABLE = Path(__file__).with_name("prices.yaml")
_HOURS_PER_MONTH = 730
_GIGABYTE = 1e9
_TIME_AND_VALUE_BYTES = 16
_HOUR_SECONDS = 3_600.0


class Traffic:
    """What was made into requests in the last hour, and the bytes that are charged for it."""

    def __init__(self) -> None:
        self._notes: deque[tuple[float, int, int]] = deque()

    def note(self, now: float, requests: int, charged: int) -> None:
        self._notes.append((now, requests, charged))
        while now - self._notes[0][0] > _HOUR_SECONDS:
            self._notes.popleft()

    @property
    def requests_per_hour(self) -> float | None:
        """None until there is a span of time to speak of."""
        return self._per_hour([requests for _, requests, _ in self._notes])

    @property
    def bytes_per_hour(self) -> float | None:
        return self._per_hour([charged for _, _, charged in self._notes])

    def _per_hour(self, counts: Sequence[int]) -> float | None:
        """The first note only begins the span."""
        seconds = self._notes[-1][0] - self._notes[0][0] if self._notes else 0.0
        return sum(counts[1:]) * _HOUR_SECONDS / seconds if seconds > 0 else None


def charged_bytes(name: str, attributes: Mapping[str, object], values: int) -> int:
    """Of one point: its name, all attributes, the resource's too, its time and values, before they are compressed."""
    labels = sum(len(key.encode()) + len(str(value).encode()) for key, value in attributes.items())
    return len(name.encode()) + labels + _TIME_AND_VALUE_BYTES + 8 * (values - 1)


def gigabytes_per_month(bytes_per_hour: float) -> float:
    return bytes_per_hour * _HOURS_PER_MONTH / _GIGABYTE


@cache
def dollars_per_gigabyte() -> float:
    return float(yaml.safe_load(_TABLE.read_text(encoding="utf-8"))["otlp_gigabyte"])

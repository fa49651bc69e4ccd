"""What the buckets of a latency histogram say of a quantile: the bounds between which it lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Buckets = Sequence[tuple[float, float]]  # (le seconds, requests at or below), as `le` rises


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between `low` and `high` seconds; `high` is infinite where the last bucket holds the quantile."""

    low: float
    high: float


def merged(many: Iterable[Buckets | None]) -> Buckets:
    """The buckets of several spans or replicas together. Only bounds that all of them have can be added up."""
    listed = [dict(buckets) for buckets in many if buckets]
    if not listed:
        return []
    shared = set(listed[0]).intersection(*listed[1:])
    return [(le, math.fsum(one[le] for one in listed)) for le in sorted(shared)]


def quantile_bounds(buckets: Buckets, share: float) -> Bounds | None:
    """The bucket that holds the quantile `share` (0 to 1); nothing without requests."""
    total = buckets[-1][1] if buckets else 0.0
    if total <= 0:
        return None
    wanted = share * total
    low = 0.0
    for le, inside in buckets:
        if inside >= wanted * (1 - 1e-12):
            return Bounds(low, le)
        low = le
    return Bounds(low, math.inf)

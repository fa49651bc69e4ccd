"""Where the buckets of a native histogram lie: bounds from a schema, or its own bounds under schema -53 (NHCB)."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from analyzer.stores.prometheus.histograms import HistogramSample, is_stale
from analyzer.stores.prometheus.remote_read.bit_columns import damaged

CUSTOM = -53
_SCHEMAS = range(-4, 9)

Spans = Iterable[tuple[int, int]]  # (buckets left out before it, buckets in it)


@dataclass(frozen=True, slots=True)
class NativeBuckets:
    """Upper bounds of the buckets, in the order in which their counts are sent: from zero outwards on both sides."""

    negative: tuple[float, ...]
    zero: float
    positive: tuple[float, ...]
    custom: tuple[float, ...]

    @classmethod
    def of(
        cls, schema: int, zero_threshold: float, negative: Spans, positive: Spans, custom: tuple[float, ...]
    ) -> NativeBuckets:
        """The buckets of one layout, as chunks and messages give it."""
        if schema == CUSTOM:
            own = (*custom, math.inf)
            places = list(_places(positive))
            if any(not 0 <= place < len(own) for place in places):
                raise damaged("a histogram with more buckets than bounds")
            return cls((), zero_threshold, tuple(own[place] for place in places), custom)
        if schema not in _SCHEMAS:
            raise damaged(f"a histogram of the unknown schema {schema}")
        below = tuple(-exponential_bound(place - 1, schema) for place in _places(negative))
        above = tuple(exponential_bound(place, schema) for place in _places(positive))
        return cls(below, zero_threshold, above, ())

    def sample(
        self, at: int, count: float, total: float, zero: float, negative: Sequence[float], positive: Sequence[float]
    ) -> HistogramSample:
        """One histogram. NHCB has all of its bounds, the others only those of buckets that hold something."""
        if is_stale(total):
            return HistogramSample(at, 0.0, total, (), ())
        filled = dict.fromkeys(self.custom, 0.0)
        for bound, held in self._counted(zero, negative, positive):
            if held:
                filled[bound] = filled.get(bound, 0.0) + held
        return HistogramSample(at, float(count), total, tuple(filled), tuple(filled.values()))

    def _counted(
        self, zero: float, negative: Sequence[float], positive: Sequence[float]
    ) -> Iterator[tuple[float, float]]:
        """(upper bound, count), ascending."""
        yield from zip(reversed(self.negative), reversed(negative), strict=True)
        yield self.zero, zero
        yield from zip(self.positive, positive, strict=True)


def exponential_bound(place: int, schema: int) -> float:
    """The upper bound of a positive bucket: 2 to the power of place / 2^schema, to the bit as Prometheus has it."""
    if schema < 0:
        place, schema = place << -schema, 0
    power, part = place >> schema, place & ((1 << schema) - 1)
    if power == sys.float_info.max_exp and not part:
        return sys.float_info.max  # as Prometheus does: the next bucket is for infinite observations
    try:
        return math.ldexp(_between_one_and_two(part, schema), power)
    except OverflowError:
        return math.inf


@cache
def _between_one_and_two(part: int, schema: int) -> float:
    # Prometheus multiplies its way up from the coarser schema, with a root of 2 that is the last bit too small. A
    # bound is a label value: one computed better would be another series than the query API shows.
    if not part:
        return 1.0
    while not part % 2:
        part, schema = part // 2, schema - 1
    step = 1.414213562373095 if schema == 1 else 2.0**2.0**-schema
    return _between_one_and_two(part - 1, schema) * step


def _places(spans: Spans) -> Iterator[int]:
    place = 0
    for gap, length in spans:
        place += gap
        yield from range(place, place + length)
        place += length

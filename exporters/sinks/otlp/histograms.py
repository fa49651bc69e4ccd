"""Puts the samples of a histogram together again: Prometheus tells each bucket by itself and adds up, OTLP does not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exporters.metric import Metric, Part, Sample
from exporters.series import Labels

_LE = "le"
_PARTS_BESIDE_BUCKETS = 2  # sum and count
_MOST = 2.0**63


@dataclass(frozen=True, slots=True)
class Identity:
    """All samples of one histogram at one time have this in common."""

    metric: Metric
    labels: Labels
    at: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """`cumulative` has one more than `bounds`: the last is all."""

    bounds: tuple[float, ...]
    cumulative: tuple[float, ...]
    sum: float

    @property
    def counts(self) -> list[int]:
        """Of each bucket alone."""
        whole = [round(count) for count in self.cumulative]
        return [whole[0], *(high - low for low, high in pairwise(whole))]


def gathered(samples: Iterable[Sample]) -> Mapping[Identity, Sequence[Sample]]:
    """The parts of each histogram."""
    found: defaultdict[Identity, list[Sample]] = defaultdict(list)
    for sample in samples:
        own = tuple(pair for pair in sample.labels if pair[0] != _LE)
        found[Identity(sample.metric, own, sample.at)].append(sample)
    return found


def histogram_of(parts: Sequence[Sample]) -> Histogram | None:
    """None where a part is missing or told twice, or the buckets contradict each other (a torn page)."""
    buckets = sorted((float(dict(one.labels)[_LE]), one.value) for one in parts if one.part is Part.BUCKET)
    sums = [one.value for one in parts if one.part is Part.SUM]
    counts = [one.value for one in parts if one.part is Part.COUNT]
    bounds, cumulative = tuple(le for le, _ in buckets), tuple(count for _, count in buckets)
    is_whole = bool(buckets) and bounds[-1] == math.inf and len(sums) == 1 and list(cumulative[-1:]) == counts
    rises = all(low < high for low, high in pairwise(bounds)) and all(low <= high for low, high in pairwise(cumulative))
    counts_fit = all(0 <= count < _MOST for count in cumulative) and all(map(math.isfinite, sums))
    return Histogram(bounds[:-1], cumulative, sums[0]) if is_whole and rises and counts_fit else None


def samples_in(bucket_count: int) -> int:
    """How many samples a histogram with so many buckets was made of."""
    return bucket_count + _PARTS_BESIDE_BUCKETS

"""Gathers samples into the minutes that CloudWatch charges and shows: one reading for each series and period.

An average that is sampled faster than the period becomes a distribution, so that minimum, maximum and percentiles stay
true. A state is its last value, so that a sum over nodes counts each once. A counter is what it grew by; after a
restart what it has, and at first sight nothing, since what was counted before cannot be told from what is new. A
histogram is its buckets' middles, as often as they were hit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from exporters.metric import Kind, Metric, Part, Sample
from exporters.series import Labels
from exporters.sinks.cloudwatch.baselines import Last, SeriesKey
from exporters.sinks.cloudwatch.measure import Distribution, Holder, Reading, one

_FORGET_PERIODS = 60
_COUNTED = frozenset({Kind.COUNTER, Kind.HISTOGRAM})
_Key = tuple[Metric, Labels, tuple[Holder, ...]]


@dataclass(slots=True)
class _Gathered:
    """Of one series in one period."""

    samples: int = 0
    values: dict[float, float] = field(default_factory=dict)
    grown: float | None = None
    buckets: dict[float, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Period:
    """`counted`: where each counter stood at its end."""

    gathered: dict[_Key, _Gathered] = field(default_factory=dict)
    counted: dict[SeriesKey, Last] = field(default_factory=dict)


class Periods:
    """Samples may come late, and again: what was said before at the same time counts nothing but itself.

    `told`: where counters stood at the end of the periods that are closed; given back, they go on from there.
    """

    def __init__(
        self, period_seconds: int, settle_seconds: float, told: Mapping[SeriesKey, Last] = MappingProxyType({})
    ) -> None:
        self._period_seconds = period_seconds
        self._settle_seconds = settle_seconds
        self._open: dict[int, _Period] = {}
        self.told = dict(told)
        self._last = dict(told)
        self.held = 0

    def add(self, sample: Sample, holders: tuple[Holder, ...]) -> bool:
        """False where this series has said it already."""
        series = sample.metric.name, sample.part, sample.labels
        last = self._last.get(series)
        if last is not None and sample.at <= last.at:
            return False
        self._last[series] = Last(sample.value, sample.at)
        self._gather(sample, holders, None if last is None else last.value)
        self.held += 1
        return True

    def closed(self, now: float) -> list[Reading]:
        """Of the periods that are over, and settled."""
        over = now - self._settle_seconds - self._period_seconds
        readings = [reading for start in sorted(self._open) if start <= over for reading in self._close(start)]
        if readings:
            self._forget(now)
        return readings

    def all(self) -> list[Reading]:
        """Of every period, be it over or not."""
        return [reading for start in sorted(self._open) for reading in self._close(start)]

    def _gather(self, sample: Sample, holders: tuple[Holder, ...], before: float | None) -> None:
        start = int(sample.at // self._period_seconds) * self._period_seconds
        own = tuple(pair for pair in sample.labels if sample.part is not Part.BUCKET or pair[0] != "le")
        period = self._open.setdefault(start, _Period())
        gathered = period.gathered.setdefault((sample.metric, own, holders), _Gathered())
        if sample.metric.kind in _COUNTED:
            period.counted[sample.metric.name, sample.part, sample.labels] = Last(sample.value, sample.at)
        gathered.samples += 1
        match sample.metric.kind:
            case Kind.AVERAGE:
                gathered.values[sample.value] = gathered.values.get(sample.value, 0.0) + 1
            case Kind.COUNTER if before is not None:
                gathered.grown = (gathered.grown or 0.0) + _growth(before, sample.value)
            case Kind.HISTOGRAM if sample.part is Part.BUCKET and before is not None:
                bound = float(dict(sample.labels)["le"])
                gathered.buckets[bound] = gathered.buckets.get(bound, 0.0) + _growth(before, sample.value)
            case Kind.STATE | Kind.INFO:
                gathered.values = {sample.value: 1.0}

    def _close(self, start: int) -> Iterator[Reading]:
        period = self._open.pop(start)
        self.told |= period.counted
        for (metric, labels, holders), gathered in period.gathered.items():
            self.held -= gathered.samples
            yield Reading(metric, labels, start, _values(gathered), gathered.samples, holders)

    def _forget(self, now: float) -> None:
        oldest = now - _FORGET_PERIODS * self._period_seconds
        self._last = {series: last for series, last in self._last.items() if last.at >= oldest}
        self.told = {series: last for series, last in self.told.items() if last.at >= oldest}


def _growth(before: float, now: float) -> float:
    return now - before if now >= before else now


def _values(gathered: _Gathered) -> Distribution:
    if gathered.grown is not None:
        return one(gathered.grown)
    if gathered.buckets:
        return tuple(_middles(sorted(gathered.buckets.items())))
    return tuple(sorted(gathered.values.items()))


def _middles(buckets: Iterable[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Buckets are cumulative; above the last bound nothing is known but that bound."""
    below, lower = 0.0, 0.0
    for bound, count in buckets:
        middle = lower if math.isinf(bound) else (lower + bound) / 2
        if count > below:
            yield middle, count - below
        below, lower = max(below, count), bound if math.isfinite(bound) else lower

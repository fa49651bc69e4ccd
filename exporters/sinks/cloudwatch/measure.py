"""What travels inside: values of one period, and where in CloudWatch they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporters.metric import Metric
from exporters.series import Labels

Distribution = tuple[tuple[float, float], ...]  # (value, how often), each value once
Set = tuple[str, ...]  # names of dimensions


class CloudWatchUnit(StrEnum):
    """Those that are used, of the 27 that CloudWatch knows: it has no watts, degrees, joules, dollars or tokens."""

    SECONDS = "Seconds"
    BYTES = "Bytes"
    PERCENT = "Percent"
    COUNT = "Count"
    BYTES_PER_SECOND = "Bytes/Second"
    COUNT_PER_SECOND = "Count/Second"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Holder:
    """A container that holds a device. `workload` owns the pod, `service` sends it requests; "" where not known."""

    namespace: str
    pod: str
    container: str
    workload: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one series said in one period, out of so many samples. `at` is the start of the period, unix seconds."""

    metric: Metric
    labels: Labels
    at: int
    values: Distribution
    samples: int
    holders: tuple[Holder, ...] = ()

    @property
    def label(self) -> dict[str, str]:
        return dict(self.labels)

    @property
    def total(self) -> float:
        return sum(value * count for value, count in self.values)


@dataclass(frozen=True, slots=True)
class Placed:
    """A reading under one of its names. `fields` are the dimensions' values and what a log event has beside them.

    `samples` is how many of those offered end with it: a reading that stands in several places is counted in one.
    `adds`: where two have the same name and dimensions they are added; else they are spread values of one metric.
    """

    namespace: str
    name: str
    unit: CloudWatchUnit
    at: int
    values: Distribution
    fields: Labels
    sets: tuple[Set, ...]
    samples: int = 0
    adds: bool = False
    rank: int = 0  # of its family when series must be left out: the highest goes first

    @property
    def field(self) -> Mapping[str, str]:
        return dict(self.fields)


@dataclass(slots=True)
class Event:
    """What shares time, dimensions and fields: one log event, or the data of several metrics."""

    namespace: str
    at: int
    fields: Labels
    sets: tuple[Set, ...]
    metrics: list[tuple[str, CloudWatchUnit, Distribution]] = field(default_factory=list)
    samples: int = 0


def scaled(values: Distribution, scale: float) -> Distribution:
    return values if scale == 1 else tuple((value * scale, count) for value, count in values)


def one(value: float) -> Distribution:
    return ((value, 1.0),)


def merged(parts: list[Distribution], adds: bool) -> Distribution:
    """Of several readings under one name."""
    if len(parts) == 1:
        return parts[0]
    if adds:
        return one(sum(value * count for part in parts for value, count in part))
    counts: dict[float, float] = {}
    for part in parts:
        for value, count in part:
            counts[value] = counts.get(value, 0.0) + count
    return tuple(sorted(counts.items()))

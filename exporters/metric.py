"""The vocabulary: a metric is declared once, as an object, and every sample is made by its metric."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporters.series import Labels

PREFIX = "gpuyield_"


class Kind(StrEnum):
    """How a metric's values are to be read."""

    COUNTER = "counter"  # only rises; a fall is a restart
    AVERAGE = "average"  # a gauge that speaks for the time before its sample (DCGM, GPM, neuron-monitor)
    STATE = "state"  # a gauge that speaks for the time after its sample, until the next one
    INFO = "info"  # always 1; the facts stand in the labels
    HISTOGRAM = "histogram"  # cumulative buckets by the label le, with _sum and _count


class Unit(StrEnum):
    """Base units; a metric's name ends in its unit."""

    SECONDS = "seconds"
    BYTES = "bytes"
    JOULES = "joules"
    WATTS = "watts"
    CELSIUS = "celsius"
    HERTZ = "hertz"
    RATIO = "ratio"
    TOKENS = "tokens"
    FLOPS = "flops"
    DOLLARS = "dollars"
    NONE = ""


class Part(StrEnum):
    """Which series of its metric a sample belongs to: a histogram has three kinds, any other metric is whole."""

    WHOLE = ""
    BUCKET = "bucket"  # has the label le beside those of the metric
    SUM = "sum"
    COUNT = "count"


_FREE_OF_UNIT = frozenset({Unit.NONE})


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric; made only by `Metric.sample` and, of histograms, `Metric.part`."""

    metric: Metric
    labels: Labels
    value: float
    at: float  # seconds since 1970, UTC
    part: Part = Part.WHOLE

    @property
    def name(self) -> str:
        """Of the series as it stands on a page."""
        return f"{self.metric.full_name}_{self.part}" if self.part else self.metric.full_name


@dataclass(frozen=True, slots=True)
class Metric:
    """A canonical metric. `name` has no prefix here; `full_name` is what stands on a page."""

    name: str
    kind: Kind
    unit: Unit
    help: str
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        stem = self.name.removesuffix("_total")
        if (self.kind is Kind.COUNTER) != self.name.endswith("_total"):
            raise ValueError(f"{self.name}: a counter, and nothing else, ends in _total")
        if (self.kind is Kind.INFO) != self.name.endswith("_info"):
            raise ValueError(f"{self.name}: an info metric, and nothing else, ends in _info")
        if self.unit not in _FREE_OF_UNIT and self.unit not in stem.split("_"):
            raise ValueError(f"{self.name}: the name must say its unit, {self.unit}")
        if not self.help:
            raise ValueError(f"{self.name}: the help text is missing")

    @property
    def full_name(self) -> str:
        return PREFIX + self.name

    def sample(self, value: float, at: float, **labels: str) -> Sample:
        """A sample of this metric; every declared label, no other."""
        if self.kind is Kind.HISTOGRAM:
            raise ValueError(f"{self.full_name}: a histogram is told in parts")
        self._check(labels)
        return Sample(self, tuple(sorted(labels.items())), float(value), float(at))

    def part(self, part: Part, value: float, at: float, le: float | None = None, /, **labels: str) -> Sample:
        """A sample of a histogram's part; a bucket, and nothing else, has an upper bound `le`, which may be inf."""
        if self.kind is not Kind.HISTOGRAM or part is Part.WHOLE:
            raise ValueError(f"{self.full_name}: only a histogram is told in parts, and it has no whole")
        if (part is Part.BUCKET) != (le is not None):
            raise ValueError(f"{self.full_name}: a bucket, and nothing else, has an upper bound")
        self._check(labels)
        bound = () if le is None else (("le", bound_text(le)),)
        return Sample(self, tuple(sorted([*labels.items(), *bound])), float(value), float(at), part)

    def _check(self, labels: Mapping[str, str]) -> None:
        if labels.keys() != set(self.labels):
            unknown = sorted(labels.keys() - set(self.labels))
            missing = sorted(set(self.labels) - labels.keys())
            raise ValueError(f"{self.full_name}: unknown labels {unknown}, missing labels {missing}")


def bound_text(le: float) -> str:
    """A bucket's bound in the one spelling that OpenMetrics allows, which Prometheus 3 keeps."""
    return "+Inf" if le == math.inf else repr(float(le))

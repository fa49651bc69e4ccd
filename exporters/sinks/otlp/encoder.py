"""Makes requests of samples, each within the bounds of the receiver: so many points, so many bytes."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as HistogramData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from exporters.metric import Part, Sample
from exporters.series import Labels
from exporters.sinks.delivery.batch import Batch, Encoded
from exporters.sinks.otlp.cost import Traffic, charged_bytes
from exporters.sinks.otlp.histograms import Histogram, Identity, gathered, histogram_of
from exporters.sinks.otlp.names import Heading, Names, Shape, attributes_of, heading_of
from exporters.sinks.otlp.streams import Streams

NOT_FINITE, REPEATED, BROKEN_HISTOGRAM = "not_finite", "repeated", "broken_histogram"
_SCOPE = InstrumentationScope("gpuyield")
_CUMULATIVE = AggregationTemporality.CUMULATIVE


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one request. CloudWatch takes no more; it counts bytes before they are compressed."""

    points: int = 1_000
    bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class _Point:
    resource: Labels
    heading: Heading
    point: NumberDataPoint | HistogramDataPoint
    samples: int
    at: float


class OtlpEncoder:
    """Holds nothing back. `resource` is who sends; what a sample itself says of where it is goes before it."""

    held = 0

    def __init__(self, resource: Mapping[str, str], names: Names, limits: Limits) -> None:
        self._resource = dict(resource)
        self._names = names
        self._limits = limits
        self._streams = Streams()
        self.traffic = Traffic()

    @property
    def series(self) -> int:
        """Told within an hour; a histogram is one."""
        return len(self._streams)

    def add(self, samples: Sequence[Sample], now: float) -> Encoded:
        dropped: Counter[str] = Counter()
        self._streams.sweep(now)
        # Not in one request: an answer says how many points it rejects, and they are not made of as many samples.
        alike = list(self._numbers(samples, dropped)), list(self._histograms(samples, dropped))
        step = self._limits.points
        chunks = [points[start : start + step] for points in alike for start in range(0, len(points), step)]
        batches = [batch for chunk in chunks for batch in self._batches(chunk)]
        self.traffic.note(now, len(batches), sum(self._charged(one) for points in alike for one in points))
        return Encoded(batches, dropped)

    def flush(self, now: float) -> Encoded:
        del now
        return Encoded()

    def _numbers(self, samples: Sequence[Sample], dropped: Counter[str]) -> Iterator[_Point]:
        for sample in samples:
            if sample.part is not Part.WHOLE:
                continue
            if not math.isfinite(sample.value):
                dropped[NOT_FINITE] += 1
                continue
            heading = heading_of(sample.metric, self._names)
            rising = (sample.value,) if heading.shape is Shape.SUM else ()
            start = self._streams.start((sample.metric.name, sample.labels), sample.at, rising)
            if start is None:
                dropped[REPEATED] += 1
                continue
            resource, attributes = attributes_of(sample.metric, sample.labels, self._names)
            point = NumberDataPoint(dict(attributes), _nanos(start), _nanos(sample.at), sample.value, [])
            yield _Point(resource, heading, point, 1, sample.at)

    def _histograms(self, samples: Sequence[Sample], dropped: Counter[str]) -> Iterator[_Point]:
        for identity, parts in gathered(one for one in samples if one.part is not Part.WHOLE).items():
            histogram = histogram_of(parts)
            if histogram is None:
                dropped[BROKEN_HISTOGRAM] += len(parts)
                continue
            start = self._streams.start((identity.metric.name, identity.labels), identity.at, histogram.cumulative)
            if start is None:
                dropped[REPEATED] += len(parts)
                continue
            yield self._histogram(identity, histogram, start, len(parts))

    def _histogram(self, identity: Identity, histogram: Histogram, start: float, samples: int) -> _Point:
        resource, attributes = attributes_of(identity.metric, identity.labels, self._names)
        counts = histogram.counts
        point = HistogramDataPoint(
            attributes=dict(attributes),
            start_time_unix_nano=_nanos(start),
            time_unix_nano=_nanos(identity.at),
            count=sum(counts),
            sum=histogram.sum,
            bucket_counts=counts,
            explicit_bounds=histogram.bounds,
            min=None,  # type: ignore[arg-type]  # optional in the protocol, and buckets do not tell it
            max=None,  # type: ignore[arg-type]
            exemplars=[],
        )
        return _Point(resource, heading_of(identity.metric, self._names), point, samples, identity.at)

    def _charged(self, one: _Point) -> int:
        values = len(one.point.bucket_counts) if isinstance(one.point, HistogramDataPoint) else 1
        resource, attributes = {**self._resource, **dict(one.resource)}, one.point.attributes or {}
        return charged_bytes(one.heading.name, {**resource, **attributes}, values)

    def _batches(self, points: Sequence[_Point]) -> Iterator[Batch]:
        body = encode_metrics(self._data(points)).SerializeToString()
        if len(body) <= self._limits.bytes or len(points) == 1:
            yield Batch(body, sum(one.samples for one in points), min(one.at for one in points))
            return
        middle = len(points) // 2
        yield from self._batches(points[:middle])
        yield from self._batches(points[middle:])

    def _data(self, points: Sequence[_Point]) -> MetricsData:
        found: defaultdict[Labels, defaultdict[Heading, list[_Point]]] = defaultdict(lambda: defaultdict(list))
        for one in points:
            found[one.resource][one.heading].append(one)
        return MetricsData([self._of_resource(resource, metrics) for resource, metrics in found.items()])

    def _of_resource(self, resource: Labels, metrics: Mapping[Heading, list[_Point]]) -> ResourceMetrics:
        told = [
            Metric(heading.name, heading.help, heading.unit, _data_of(heading.shape, points))
            for heading, points in metrics.items()
        ]
        return ResourceMetrics(Resource({**self._resource, **dict(resource)}), [ScopeMetrics(_SCOPE, told, "")], "")


def _data_of(shape: Shape, points: Sequence[_Point]) -> Gauge | Sum | HistogramData:
    if shape is Shape.HISTOGRAM:
        return HistogramData([one.point for one in points if isinstance(one.point, HistogramDataPoint)], _CUMULATIVE)
    numbers = [one.point for one in points if isinstance(one.point, NumberDataPoint)]
    return Gauge(numbers) if shape is Shape.GAUGE else Sum(numbers, _CUMULATIVE, shape is Shape.SUM)


def _nanos(seconds: float) -> int:
    return round(seconds * 1e6) * 1_000  # a float of unix seconds knows no nanoseconds

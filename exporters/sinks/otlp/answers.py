"""What a receiver's answer means, whether it came over HTTP or gRPC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from exporters.sinks.otlp.histograms import samples_in

REJECTED, REFUSED, TOO_LARGE = "rejected", "refused", "too_large"
_LONGEST_WAIT_SECONDS = 600.0  # whatever the receiver asks for


def rejected_samples(body: bytes, response: ExportMetricsServiceResponse) -> Mapping[str, int]:
    """By reason. The answer says how many points of the request `body`, not which: of histograms with different
    numbers of buckets, which are made of as many samples, the count is an estimate."""
    points = response.partial_success.rejected_data_points
    if points <= 0:
        return {}  # a message without a count is a warning
    sizes = list(_sizes(ExportMetricsServiceRequest.FromString(body)))
    return {REJECTED: round(sum(sizes) * min(points, len(sizes)) / len(sizes))}


def seconds_of(retry_after: str | None, now: float) -> float | None:
    """Of the header Retry-After, which is a number or a date; None where it is neither."""
    if retry_after is None:
        return None
    try:
        return wait_of(float(retry_after))
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return wait_of((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def wait_of(seconds: float) -> float:
    """What is waited when this is asked for; NaN is no time."""
    return min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS) if seconds == seconds else 0.0


def _sizes(request: ExportMetricsServiceRequest) -> Iterator[int]:
    """How many samples each point was made of."""
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from (samples_in(len(point.bucket_counts)) for point in metric.histogram.data_points)
                yield from (1 for _ in (*metric.gauge.data_points, *metric.sum.data_points))

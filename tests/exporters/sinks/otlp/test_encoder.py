"""Requests as OpenTelemetry's protocol files read them."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint

from exporters.canonical import device, serving
from exporters.canonical.nodes import node_info
from exporters.metric import Part, Sample
from exporters.sinks.delivery.batch import Encoded
from exporters.sinks.otlp.encoder import BROKEN_HISTOGRAM, NOT_FINITE, REPEATED, Limits, OtlpEncoder
from exporters.sinks.otlp.names import Names
from tests.exporters.sinks.otlp.receiver import points_of
from tests.exporters.sinks.otlp.test_histograms import parts

WHO = {"service.name": "gpuyield", "k8s.node.name": "node-1"}
AT = 1_790_000_000.25


def encoder(names: Names = Names.GPUYIELD, **limits: int) -> OtlpEncoder:
    return OtlpEncoder(WHO, names, Limits(**limits))


def metrics(encoded: Encoded) -> dict[str, Metric]:
    requests = [ExportMetricsServiceRequest.FromString(batch.body) for batch in encoded.batches]
    scopes = [scope for one in requests for resource in one.resource_metrics for scope in resource.scope_metrics]
    return {metric.name: metric for scope in scopes for metric in scope.metrics}


def energy(value: float, at: float = AT, uuid: str = "GPU-1") -> Sample:
    return device.energy_joules_total.sample(value, at, uuid=uuid)


def busy(value: float, at: float = AT, uuid: str = "GPU-1") -> Sample:
    return device.busy_ratio.sample(value, at, uuid=uuid, mig="")


def test_a_gauge_has_the_time_of_its_sample() -> None:
    metric = metrics(encoder().add([busy(0.5)], AT + 100))["gpuyield_accelerator_busy_ratio"]
    assert (metric.unit, metric.description) == ("1", device.busy_ratio.help)
    (point,) = metric.gauge.data_points
    assert (point.as_double, point.time_unix_nano) == (0.5, 1_790_000_000_250_000_000)


def test_a_counter_is_a_cumulative_sum_that_starts_anew_when_it_falls() -> None:
    made = encoder()
    points: list[NumberDataPoint] = []
    for number, value in enumerate((5.0, 9.0, 2.0)):
        metric = metrics(made.add([energy(value, AT + 10 * number)], AT))["gpuyield_accelerator_energy_joules_total"]
        assert metric.sum.is_monotonic
        assert metric.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        points += metric.sum.data_points
    first = points[0].time_unix_nano
    assert [(point.start_time_unix_nano - first) / 1e9 for point in points] == [0, 0, 10.001]


def test_a_histogram_has_counts_of_its_own_for_each_bucket() -> None:
    metric = metrics(encoder().add(parts([1, 0, 3], total=7.5), AT))["gpuyield_inference_queue_seconds"]
    (point,) = metric.histogram.data_points
    assert (list(point.bucket_counts), list(point.explicit_bounds)) == ([1, 0, 3], [1.0, 2.0])
    assert (point.count, point.sum) == (4, 7.5)
    assert not point.HasField("min")
    assert not point.HasField("max")


def test_an_info_is_a_gauge_of_one_with_its_facts_as_attributes() -> None:
    labels = {"namespace": "n", "pod": "p", "instance": "i", "model": "m", "engine": "0"}
    metric = metrics(encoder().add([serving.engine_info.sample(1, AT, **labels)], AT))["gpuyield_inference_engine_info"]
    (point,) = metric.gauge.data_points
    assert point.as_double == 1
    assert {one.key: one.value.string_value for one in point.attributes} == labels


def test_who_sends_stands_in_the_resource_unless_the_sample_knows_better() -> None:
    labels = {"node": "node-2", "provider_id": "", "internal_ip": ""}
    made = encoder(Names.CONVENTIONS).add([busy(0.5), node_info.sample(1, AT, **labels)], AT)
    request = ExportMetricsServiceRequest.FromString(made.batches[0].body)
    nodes = [
        one.value.string_value
        for resource in request.resource_metrics
        for one in resource.resource.attributes
        if one.key == "k8s.node.name"
    ]
    assert nodes == ["node-1", "node-2"]


def test_what_cannot_be_told_is_dropped_by_reason() -> None:
    made = encoder()
    first = made.add([busy(0.5), busy(math.nan, uuid="GPU-2"), energy(math.inf), *parts([1, 2])[1:]], AT)
    assert first.dropped == {NOT_FINITE: 2}
    again = made.add([busy(0.5), *parts([1, 2])[:-1]], AT)
    assert again.dropped == {REPEATED: 1, BROKEN_HISTOGRAM: 3}
    assert not again.batches


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.floats(0, 1e6)), max_size=60),
    st.integers(1, 9),
    st.integers(200, 5_000),
)
def test_nothing_is_lost_and_no_bound_is_passed(told: list[tuple[int, float]], points: int, size: int) -> None:
    samples = [make(value, uuid=f"GPU-{card}") for card, value in told for make in (energy, busy)]
    samples += parts([1, 2, 3])
    made = encoder(points=points, bytes=size).add(samples, AT)
    assert sum(batch.samples for batch in made.batches) + sum(made.dropped.values()) == len(samples)
    for batch in made.batches:
        inside = list(points_of(ExportMetricsServiceRequest.FromString(batch.body)))
        assert len(inside) <= points
        assert sum(one.samples for one in inside) == batch.samples
        assert len(batch.body) <= size or len(inside) == 1
        assert batch.at == AT or inside[0].samples > 1


anything = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(), anything, st.lists(anything, max_size=4)), max_size=8), st.sampled_from(Names))
def test_whatever_a_page_says_every_sample_is_sent_or_dropped(
    told: list[tuple[str, float, list[float]]], names: Names
) -> None:
    samples = [
        made for text, value, _ in told for made in (busy(value, uuid=text), energy(value, uuid=text + "\ud800"))
    ]
    for text, value, counts in told:
        labels = {"namespace": text, "pod": "p", "instance": "i", "model": "\udcff", "engine": "0"}
        metric = serving.queue_seconds
        samples += [metric.part(Part.BUCKET, count, AT, le, **labels) for le, count in enumerate(counts)]
        samples += [metric.part(Part.BUCKET, value, AT, math.inf, **labels), metric.part(Part.SUM, 1, AT, **labels)]
        samples.append(metric.part(Part.COUNT, value, AT, **labels))
    made = encoder(names).add(samples, AT)
    assert sum(batch.samples for batch in made.batches) + sum(made.dropped.values()) == len(samples)

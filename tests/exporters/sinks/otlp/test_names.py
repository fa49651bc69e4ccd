"""Names of both kinds: as on the page, and by the semantic conventions."""

from __future__ import annotations

import pytest

from exporters.canonical import device, ledger, nodes, serving, telemetry
from exporters.metric import Metric, Unit
from exporters.sinks.otlp.names import Names, Shape, attributes_of, heading_of

ENGINE = {"namespace": "chat", "pod": "llama-0", "instance": "10.0.0.7:8000", "model": "llama", "engine": "0"}


@pytest.mark.parametrize("metric", [device.busy_ratio, ledger.dollars_total, serving.queue_seconds, nodes.node_info])
def test_with_our_names_all_is_called_as_on_the_page(metric: Metric) -> None:
    labels = tuple((label, "x") for label in metric.labels)
    assert heading_of(metric, Names.GPUYIELD).name == metric.full_name
    assert attributes_of(metric, labels, Names.GPUYIELD) == ((), labels)


def test_a_label_without_a_value_is_no_attribute() -> None:
    for names in Names:
        _, point = attributes_of(device.busy_ratio, (("mig", ""), ("uuid", "GPU-1")), names)
        assert "mig" not in dict(point)


def test_a_plain_count_has_no_unit_that_a_collector_would_append_to_its_name() -> None:
    for metric in (device.accelerator_up, device.faults_total, telemetry.sink_samples_total, serving.requests_running):
        assert metric.unit is Unit.NONE
        assert heading_of(metric, Names.GPUYIELD).unit == ""


def test_what_the_conventions_know_is_called_as_they_say() -> None:
    memory = heading_of(device.memory_used_bytes, Names.CONVENTIONS)
    assert (memory.name, memory.unit, memory.shape) == ("hw.gpu.memory.usage", "By", Shape.UP_AND_DOWN)
    energy = heading_of(device.energy_joules_total, Names.CONVENTIONS)
    assert (energy.name, energy.unit, energy.shape) == ("hw.energy", "J", Shape.SUM)
    _, point = attributes_of(device.energy_joules_total, (("uuid", "GPU-1"),), Names.CONVENTIONS)
    assert dict(point) == {"hw.type": "gpu", "hw.id": "GPU-1"}
    first = heading_of(serving.time_to_first_token_seconds, Names.CONVENTIONS)
    assert (first.name, first.shape) == ("gen_ai.server.time_to_first_token", Shape.HISTOGRAM)


def test_where_a_pod_is_stands_in_the_resource() -> None:
    resource, point = attributes_of(serving.requests_running, tuple(ENGINE.items()), Names.CONVENTIONS)
    assert dict(resource) == {"k8s.namespace.name": "chat", "k8s.pod.name": "llama-0"}
    assert dict(point) == {
        "service.instance.id": "10.0.0.7:8000",
        "gen_ai.request.model": "llama",
        "engine": "0",
    }


def test_a_slice_is_hardware_of_its_own_and_its_device_the_parent() -> None:
    _, point = attributes_of(device.busy_ratio, (("mig", "MIG-7"), ("uuid", "GPU-1")), Names.CONVENTIONS)
    assert dict(point) == {"hw.gpu.task": "general", "hw.id": "MIG-7", "hw.parent": "GPU-1"}


def test_the_model_of_a_device_is_not_the_model_that_is_served() -> None:
    _, point = attributes_of(device.accelerator_info, (("model", "NVIDIA H100"),), Names.CONVENTIONS)
    assert dict(point) == {"hw.model": "NVIDIA H100"}


def test_money_keeps_our_name() -> None:
    heading = heading_of(ledger.dollars_total, Names.CONVENTIONS)
    assert (heading.name, heading.unit, heading.shape) == ("gpuyield_ledger_dollars_total", "{USD}", Shape.SUM)

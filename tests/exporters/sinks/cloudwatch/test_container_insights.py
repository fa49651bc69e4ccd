"""Series as a user of Container Insights finds them: names, units, scales, dimensions, and how many they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from exporters.canonical import device, efa, neuron
from exporters.metric import Sample
from exporters.sinks.cloudwatch.container_insights import FAMILIES, ROWS
from exporters.sinks.cloudwatch.facts import Facts, workload_of
from exporters.sinks.cloudwatch.measure import Placed
from exporters.sinks.cloudwatch.periods import Periods
from exporters.sinks.cloudwatch.placing import place
from exporters.sinks.kind import Origin
from tests.exporters.sinks.cloudwatch.conftest import NODE, START, node_of_gpus

ORIGIN = Origin(NODE, "i-0123456789abcdef0", "p5.48xlarge")
Series = tuple[str, tuple[tuple[str, str], ...]]


def placed(*beats: list[Sample], service: str = "", origin: Origin = ORIGIN) -> list[Placed]:
    """Where these samples stand; `service` is what sends requests to every pod."""
    facts = Facts.of(beats[-1], origin)
    for key, holders in facts.holders.items():
        facts.holders[key] = tuple(replace(holder, service=service) for holder in holders)
    periods = Periods(60, 0)
    for beat in beats:
        for sample in beat:
            periods.add(sample, facts.holders_of(sample))
    readings = [reading for reading in periods.all() if reading.values]
    return list(place(readings, facts, "prod", 60))


def series(found: Iterable[Placed]) -> set[Series]:
    return {(one.name, tuple((name, one.field[name]) for name in set_)) for one in found for set_ in one.sets}


def gpu_series(found: Iterable[Placed]) -> set[Series]:
    return series(one for one in found if one.field["Type"].endswith("GPU"))


@pytest.mark.parametrize(("pods", "number"), [(1, 238), (8, 336)])
def test_an_eight_gpu_node_has_as_many_series_as_the_agent_makes_of_it(pods: int, number: int) -> None:
    """One namespace, one Service, one workload: 238 series where one pod holds all GPUs, 336 where eight hold one."""
    assert len(gpu_series(placed(node_of_gpus(START, pods), service="llama"))) == number


def test_a_set_whose_dimension_is_not_known_is_left_out() -> None:
    found = gpu_series(placed(node_of_gpus(START, 1), origin=Origin(NODE)))
    names = {name for _, dimensions in found for name, _ in dimensions}
    assert names.isdisjoint({"Service", "InstanceId", "InstanceType"})
    assert all(value for _, dimensions in found for _, value in dimensions)


def test_idle_gpus_stand_at_the_node_only() -> None:
    types = {one.field["Type"] for one in placed(node_of_gpus(START, 0))}
    assert types == {"NodeGPU", "Node"}


@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("node_gpu_utilization", "Percent", 50),
        ("node_gpu_memory_utilization", "Percent", 50),
        ("node_gpu_memory_used", "Bytes", 40 * 2**30),
        ("node_gpu_memory_total", "Bytes", 80 * 2**30),
        ("node_gpu_power_draw", "None", 400),
        ("node_gpu_temperature", "None", 60),
        ("node_gpu_tensor_core_utilization", "None", 0.25),
        ("pod_gpu_utilization", "Percent", 50),
        ("container_gpu_utilization", "Percent", 50),
    ],
)
def test_units_and_scales(name: str, unit: str, value: float) -> None:
    found = next(one for one in placed(node_of_gpus(START, 1)) if one.name == name and one.field["UUID"] == "GPU-0")
    assert (found.unit, found.values) == (unit, ((value, 1.0),))


def test_the_fields_of_a_pod_are_those_of_the_agent() -> None:
    found = next(one for one in placed(node_of_gpus(START, 1)) if one.name == "pod_gpu_utilization")
    assert found.field == {
        "Type": "PodGPU",
        "ClusterName": "prod",
        "NodeName": NODE,
        "InstanceId": "i-0123456789abcdef0",
        "InstanceType": "p5.48xlarge",
        "UUID": "GPU-0",
        "GpuDevice": "nvidia0",
        "Namespace": "ml",
        "PodName": "llama",
        "FullPodName": "llama-7d4b9c6f5d-bcdfb",
    }


def test_what_is_allocated_is_counted_for_node_and_pod() -> None:
    found = {(one.name, one.field.get("FullPodName", "")): one.values[0][0] for one in placed(node_of_gpus(START, 2))}
    pod = "llama-7d4b9c6f5d-bcdfb"
    assert (found["node_gpu_limit", ""], found["node_gpu_usage_total", ""]) == (8, 8)
    assert (found["node_gpu_reserved_capacity", ""], found["pod_gpu_reserved_capacity", pod]) == (100, 50)
    assert (found["pod_gpu_limit", pod], found["pod_gpu_usage_total", pod]) == (4, 4)


def test_a_metric_that_is_sampled_faster_than_its_minute_is_a_distribution() -> None:
    beats = [node_of_gpus(START + 10 * beat, 1, busy=beat / 10) for beat in range(6)]
    found = next(one for one in placed(*beats) if one.name == "node_gpu_utilization")
    assert found.values == tuple((float(10 * beat), 1.0) for beat in range(6))


def core(at: float, number: int, busy: float) -> list[Sample]:
    own = {"uuid": "i-0/neuron1", "core": str(number)}
    kinds = ("constants", "model_code", "model_shared_scratchpad", "runtime_memory", "tensors")
    return [
        neuron.core_busy_ratio.sample(busy, at, **own),
        *(neuron.core_memory_used_bytes.sample(100, at, **own, kind=kind) for kind in kinds),
    ]


def test_neuron_cores_stand_under_their_names() -> None:
    found = placed(core(START, 2, 0.75))
    by_name = {one.name: one for one in found}
    busy = by_name["node_neuroncore_utilization"]
    assert (busy.values, busy.field["Type"]) == (((75.0, 1.0),), "NodeAWSNeuronCore")
    assert (busy.field["NeuronDevice"], busy.field["NeuronCore"]) == ("device1", "core2")
    assert not any(name.startswith("node_gpu") for name in by_name)


def test_counters_are_what_they_grew_by_and_of_adapters_that_in_a_second() -> None:
    def beat(at: float, count: float) -> list[Sample]:
        return [
            efa.KNOWN["rx_bytes"].sample(count, at, device="rdmap0s31", port="1"),
            neuron.ecc_events_total.sample(count, at, uuid="i-0/neuron0", event="mem_ecc_corrected"),
        ]

    found = {one.name: one.values for one in placed(beat(START, 0), beat(START + 50, 600))}
    assert found["node_efa_rx_bytes"] == ((10.0, 1.0),)
    assert found["node_neurondevice_hw_ecc_events_total"] == ((600.0, 1.0),)


def test_every_row_has_levels_and_every_set_its_cluster() -> None:
    assert {row.family for row in ROWS} <= FAMILIES.keys()
    assert all("ClusterName" in set_ for family in FAMILIES.values() for level in family.levels for set_ in level.sets)


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("llama-7d4b9c6f5d-bcdfb", "llama"),
        ("vllm-decode-0", "vllm-decode"),
        ("dcgm-exporter-x2k9z", "dcgm-exporter"),
        ("notebook", "notebook"),
        ("my-train", "my-train"),
    ],
)
def test_a_pod_is_called_by_its_workload(pod: str, workload: str) -> None:
    assert workload_of(pod) == workload


def test_mig_slices_are_told_of_the_device_that_they_are_on() -> None:
    sample = device.busy_ratio.sample(1, START, uuid="GPU-0", mig="3")
    assert {one.field["UUID"] for one in placed([sample])} == {"GPU-0"}

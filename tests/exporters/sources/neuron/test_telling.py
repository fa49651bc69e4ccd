"""What is shown of a node: idle is 0, unknown is absent, and names stay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.metric import Kind, Sample
from exporters.simulation.neuron_monitor_lines import EccTotals, Machine, Process, document, machine_of
from exporters.sources.neuron.monitor import METRICS
from exporters.sources.neuron.schema import Report, report_of
from exporters.sources.neuron.telling import Telling
from tests.exporters.sources.neuron.conftest import AT, PERIOD, check_golden, report, values

TRN1 = machine_of("trn1.32xlarge")
TRN2 = machine_of("trn2.48xlarge")
INF2 = machine_of("inf2.xlarge")
MACHINE = TRN1.instance_id


def busy(share: float) -> Process:
    return Process("llm", range(2), lambda device, _at: share / (device + 1))


def shown(*reports: Report) -> list[Sample]:
    """The samples of the last of these lines."""
    telling = Telling("node-1", "")
    samples: tuple[Sample, ...] | None = ()
    for number, one in enumerate(reports):
        samples = telling.samples(one, AT + PERIOD * number)
    assert samples is not None
    return list(samples)


@pytest.mark.parametrize(
    ("name", "reports"),
    [
        ("neuron-trn1-idle", [report(TRN1)]),
        ("neuron-trn1-loaded", [report(TRN1, busy(0.9)), report(TRN1, busy(0.9))]),
        ("neuron-inf2-idle", [report(INF2)]),
        ("neuron-inf2-loaded", [report(INF2, Process("server", [0], lambda _device, _at: 0.25))]),
        ("neuron-trn2-lnc2", [report(TRN2, busy(0.5))]),
    ],
)
def test_golden_page(name: str, reports: list[Report]) -> None:
    check_golden(name, shown(*reports))


@pytest.mark.parametrize("machine", [TRN1, TRN2, INF2, machine_of("trn2.48xlarge", 1)])
def test_idle_cores_are_zeros(machine: Machine) -> None:
    samples = shown(report(machine))
    cores = values(samples, "neuron_core_busy_ratio")
    assert len(cores) == machine.devices * machine.cores_per_device
    assert set(cores.values()) == {0.0}
    assert set(values(samples, "accelerator_busy_ratio").values()) == {0.0}
    assert set(values(samples, "accelerator_memory_used_bytes").values()) == {0.0}
    assert set(values(samples, "accelerator_up").values()) == {1.0}
    assert values(samples, "neuron_runtimes") == {("node-1",): 0.0}


def test_whoever_does_not_name_its_cores_leaves_the_rest_unknown() -> None:
    line = document(TRN1, [busy(0.5), Process("mute", [4], lambda _device, _at: 1.0)], AT, PERIOD)
    line["neuron_runtime_data"][1]["report"]["neuroncore_counters"]["error"] = "timed out"
    samples = shown(report_of(json.dumps(line).encode()))
    assert len(values(samples, "accelerator_info")) == 16
    assert values(samples, "accelerator_busy_ratio") == {
        (f"{MACHINE}/neuron0",): 0.5,
        (f"{MACHINE}/neuron1",): 0.25,
    }
    assert values(samples, "accelerator_processes") == {}


def test_a_line_that_does_not_tell_who_runs_shows_no_busy_share() -> None:
    line = document(TRN1, [], AT, PERIOD)
    del line["neuron_runtime_data"]
    samples = shown(report_of(json.dumps(line).encode()))
    assert values(samples, "accelerator_busy_ratio") == {}
    assert values(samples, "neuron_runtimes") == {}
    assert len(values(samples, "accelerator_up")) == 16


@given(st.floats(0, 1), st.sampled_from([TRN1, TRN2, INF2]))
def test_a_device_is_the_mean_of_its_cores_and_a_core_that_of_its_halves(share: float, machine: Machine) -> None:
    samples = shown(report(machine, Process("llm", [0], lambda _device, _at: share)))
    uuid = f"{MACHINE}/neuron0"
    assert values(samples, "accelerator_busy_ratio")[(uuid,)] == pytest.approx(share)
    assert values(samples, "neuron_core_busy_ratio")[("0", uuid)] == pytest.approx(share)
    halves = [value for (core, *_), value in values(samples, "neuron_physical_core_busy_ratio").items() if core == "0"]
    assert len(halves) == (machine.joined if machine.joined > 1 else 0)
    assert not halves or sum(halves) / len(halves) == pytest.approx(share)


def test_memory_of_a_device_is_that_of_its_cores() -> None:
    samples = shown(report(TRN2, busy(0.5)))
    used = values(samples, "accelerator_memory_used_bytes")
    assert used[(f"{MACHINE}/neuron0",)] == pytest.approx(0.6 * 96 * 2**30, rel=1e-6)
    assert used[(f"{MACHINE}/neuron2",)] == 0
    assert values(samples, "accelerator_memory_total_bytes")[(f"{MACHINE}/neuron2",)] == 96 * 2**30


@pytest.mark.parametrize(("machine", "used"), [(INF2, [5.0]), (TRN1, [])])
def test_memory_without_a_breakdown_is_known_where_there_is_one_device(machine: Machine, used: list[float]) -> None:
    line = document(machine, [Process("llm", [0], lambda _device, _at: 1.0)], AT, PERIOD)
    memory = line["neuron_runtime_data"][0]["report"]["memory_used"]["neuron_runtime_used_bytes"]
    memory["neuron_device"] = 5
    del memory["usage_breakdown"]
    samples = shown(report_of(json.dumps(line).encode()))
    assert list(values(samples, "accelerator_memory_used_bytes").values()) == used


def test_an_uncorrected_error_makes_a_device_unhealthy_and_a_corrected_one_does_not() -> None:
    ecc = EccTotals({(1, "mem_ecc_corrected"): 7, (2, "sram_ecc_uncorrected"): 1})
    samples = shown(report(TRN1, ecc=ecc))
    healthy = values(samples, "accelerator_healthy")
    assert [uuid for (uuid,), value in healthy.items() if not value] == [f"{MACHINE}/neuron2"]
    errors = values(samples, "accelerator_ecc_errors_total")
    assert errors["corrected", f"{MACHINE}/neuron1"] == 7
    assert errors["uncorrected", f"{MACHINE}/neuron2"] == 1


def test_a_device_that_falls_off_is_missed() -> None:
    smaller = Machine(TRN1.instance_type, TRN1.chip, 15)
    samples = shown(report(TRN1), report(smaller))
    up = values(samples, "accelerator_up")
    assert up[(f"{MACHINE}/neuron15",)] == 0
    assert sum(up.values()) == 15
    assert values(samples, "node_accelerators") == {("node-1", "visible"): 15.0}


def test_the_name_of_a_device_stays_when_the_metadata_service_answers_late() -> None:
    early = document(TRN1, [], AT, PERIOD)
    early["instance_info"] = {"error": "no route to host"}
    samples = shown(report_of(json.dumps(early).encode()), report(TRN1))
    assert {uuid for (uuid,) in values(samples, "accelerator_up")} == {f"node-1/neuron{number}" for number in range(16)}


def test_hardware_that_one_line_leaves_out_is_still_known() -> None:
    line = document(TRN1, [busy(0.5)], AT, PERIOD)
    del line["neuron_hardware_info"]
    assert len(values(shown(report(TRN1), report_of(json.dumps(line).encode())), "accelerator_busy_ratio")) == 16


def test_counters_outlive_processes_and_gauges_do_not() -> None:
    samples = shown(report(TRN1, busy(0.5)), report(TRN1))
    assert values(samples, "neuron_executions_total")["node-1", "completed"] > 0
    assert values(samples, "neuron_core_flops_total")["0", f"{MACHINE}/neuron0"] > 0
    assert values(samples, "neuron_execution_latency_seconds") == {}
    assert values(samples, "neuron_runtime_cpu_ratio") == {}


@pytest.mark.parametrize(
    ("pods", "shares"),
    [
        ({"neuroncores_k8s_info": {"0": ["a"], "1": ["a"], "2": ["b"]}}, {"a": 1.0, "b": 0.5}),
        ({"neurondevices_k8s_info": {"0": ["a", "b"]}, "neuroncores_k8s_info": {"0": ["a"]}}, {"a": 0.5, "b": 0.5}),
        ({"neurondevices_k8s_info": {"99": ["a"], "x": ["b"]}}, {}),
    ],
)
def test_what_kubernetes_says_of_holders(pods: dict[str, dict[str, list[str]]], shares: dict[str, float]) -> None:
    line = document(TRN1, [], AT, PERIOD)
    line["neuron_k8s_info"] = {
        kind: {index: {"pod_name": "p", "namespace": "ml", "container_name": names} for index, names in held.items()}
        for kind, held in pods.items()
    }
    held = values(shown(report_of(json.dumps(line).encode())), "accelerator_allocation")
    assert {labels[0]: share for labels, share in held.items()} == shares


def test_every_metric_is_announced_and_no_gauge_is_outside_its_range() -> None:
    samples = shown(report(TRN2, busy(1.0)))
    assert {sample.metric for sample in samples} <= set(METRICS)
    assert all(0 <= sample.value <= 1 for sample in samples if sample.metric.name.endswith("busy_ratio"))
    assert all(sample.value >= 0 for sample in samples if sample.metric.kind is Kind.COUNTER)

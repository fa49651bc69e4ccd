"""Which producers are there, and which versions they say they are."""

from __future__ import annotations

import pytest

from analyzer.doctor.model import ABSENT, PRESENT, STALE, Diagnosis
from tests.analyzer.conftest import START
from tests.analyzer.doctor.conftest import KUBE, Diagnose, serving, source


def test_producers_that_answer_are_present_and_others_absent(healthy: Diagnosis) -> None:
    states = {line.source: line.state for line in healthy.sources}
    there = {"NVIDIA dcgm-exporter", "kube-state-metrics", "Prometheus", "vLLM"}
    assert {name for name, state in states.items() if state == PRESENT} == there
    assert set(states.values()) == {PRESENT, ABSENT}
    assert source(healthy, "vLLM").signals == 4
    assert source(healthy, "vLLM").newest == "2026-11-10T00:59:45Z"
    assert source(healthy, "Karpenter").newest is None


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("kube_state_metrics_build_info", "kube-state-metrics"),
        ("karpenter_build_info", "Karpenter"),
        ("prometheus_build_info", "Prometheus"),
        ("node_exporter_build_info", "Prometheus node_exporter"),
    ],
)
def test_versions_are_those_that_producers_say(diagnosed: Diagnose, name: str, title: str) -> None:
    scene = serving()
    for version, instance in (("2.1.0", "a:1"), ("2.0.9", "b:1"), ("2.1.0", "c:1")):
        scene.add(name, KUBE, version=version, instance=instance, goversion="go1.25")
    assert source(diagnosed(scene), title).versions == ["2.0.9", "2.1.0"]


@pytest.mark.parametrize("label", ["DCGM_FI_DRIVER_VERSION", "DCGM_FI_SYSTEM_DRIVER_VERSION"])
def test_the_driver_is_told_by_the_device_exporter(diagnosed: Diagnose, label: str) -> None:
    own = {"UUID": "GPU-n-0", "gpu": "0", "Hostname": "n", label: "580.95.05"}
    scene = serving().add("DCGM_FI_DEV_GPU_TEMP", KUBE, **own)
    assert source(diagnosed(scene), "NVIDIA dcgm-exporter").versions == ["driver 580.95.05"]


def test_a_source_that_only_tells_of_machines_is_there(diagnosed: Diagnose) -> None:
    own = {"system_vendor": "Amazon EC2", "product_name": "p5.4xlarge", "instance": "10.0.0.9:9100", "node": "n"}
    scene = serving().add("node_dmi_info", KUBE, **own)
    assert source(diagnosed(scene), "Prometheus node_exporter").state == PRESENT


def test_a_source_of_which_nothing_is_fresh_is_stale(diagnosed: Diagnose) -> None:
    scene = serving().add("DCGM_FI_PROF_DRAM_ACTIVE", KUBE, UUID="GPU-n-0", gpu="0", Hostname="n")
    scene.points = [point for point in scene.points if not point[0].name.startswith("vllm:") or point[1] <= START + 600]
    diagnosis = diagnosed(scene)
    assert source(diagnosis, "vLLM").state == STALE
    assert source(diagnosis, "NVIDIA dcgm-exporter").state == PRESENT

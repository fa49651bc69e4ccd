"""B1: a pod that holds a device and does nothing is found; standbys, drawn power and broken exporters are not."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import LedgerOf, at, node, only, reasons, said, times
from tests.analyzer.conftest import Scene


def notebook(active: float = 0.0, gpus: int = 1) -> Scene:
    scene = node(Scene(), "n0", gpus, "p5.48xlarge" if gpus > 1 else "p5.4xlarge", active=active)
    return scene.pod("nb-0", "n0", times(), float(gpus), "10.0.0.1")


def power(scene: Scene, watts: float, card: str = "NVIDIA H100 80GB HBM3", gpus: int = 1) -> Scene:
    for index in range(gpus):
        own = {"gpu": str(index), "UUID": f"GPU-n0-{index}", "modelName": card, "Hostname": "n0"}
        scene.add("DCGM_FI_DEV_POWER_USAGE", at(watts, times()), **own, instance="n0:9400")
    return scene


def test_a_pod_that_does_nothing_for_hours_is_found_with_its_owner(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(notebook())
    finding = only(said(ledger, "B1").findings)
    assert finding.resource.owner == "team ml"
    assert "idle for 6 h" in finding.headline
    assert "1 device" in finding.headline
    assert finding.evidence[0].value == pytest.approx(6, abs=0.1)
    assert finding.saving_attributed.dollars_per_hour == pytest.approx(6.88)
    assert finding.saving_realisable.dollars_per_hour == pytest.approx(6.88)
    assert not said(ledger, "B1", idle_device_hours=7.0).findings


def test_work_is_not_idle(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(notebook(active=0.5)), "B1").findings


def test_without_device_signals_nothing_is_called_idle(ledger_of: LedgerOf) -> None:
    scene = notebook()
    scene.points = [point for point in scene.points if not point[0].name.startswith("DCGM_")]
    assert not said(ledger_of(scene), "B1").findings


def test_activity_below_the_ledgers_line_and_above_the_rules_is_work(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(notebook(active=0.005))
    assert only(said(ledger, "B1").findings).evidence[1].value == pytest.approx(0.005)
    advice = said(ledger, "B1", idle_activity_ratio=0.004)
    assert not advice.findings
    assert "was active for 0.5% at its peak" in reasons(advice.declined)


def test_a_device_that_draws_the_power_of_work_is_not_idle(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(power(notebook(), 160))
    advice = said(ledger, "B1")
    assert not advice.findings
    assert "drew 160 W" in reasons(advice.declined)
    assert said(ledger, "B1", idle_power_watts=170.0).findings


def test_a_small_card_has_a_smaller_limit(ledger_of: LedgerOf) -> None:
    scene = node(Scene(), "n0", instance_type="g5.xlarge").pod("nb-0", "n0", times(), 1.0, "10.0.0.1")
    scene.points = [
        (series.__class__.of(series.name, {**dict(series.labels), "modelName": "NVIDIA A10G"}.items()), when, value)
        if series.name.startswith("DCGM_")
        else (series, when, value)
        for series, when, value in scene.points
    ]
    ledger = ledger_of(power(scene, 120, "NVIDIA A10G"))
    assert not said(ledger, "B1").findings
    assert said(ledger, "B1", idle_power_watts_a10g=130.0).findings


def test_several_devices_at_exactly_zero_may_be_a_broken_exporter(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(notebook(gpus=8)), "B1")
    assert not advice.findings
    assert "a broken exporter looks the same" in reasons(advice.declined)
    assert said(ledger_of(power(notebook(gpus=8), 70, gpus=8)), "B1").findings


def test_the_standby_of_a_pair_is_kept(ledger_of: LedgerOf) -> None:
    scene = node(node(Scene(), "n0", active=0.0), "n1", active=0.5)
    for name, place, ip in (("pair-0", "n0", "10.0.0.1"), ("pair-1", "n1", "10.0.0.2")):
        scene.pod(name, place, times(), 1.0, ip)
        scene.add("kube_pod_owner", times(), namespace="ml", pod=name, owner_kind="StatefulSet", owner_name="pair")
    ledger = ledger_of(scene)
    advice = said(ledger, "B1")
    assert not advice.findings
    assert "stands by while the other works" in reasons(advice.declined)
    assert said(ledger, "B1", least_replicas=1.0).findings


def test_a_young_pod_has_its_grace(ledger_of: LedgerOf) -> None:
    scene = notebook()
    made = times()[0][0] + 300 + 3600
    scene.add("kube_pod_created", at(made, times()), namespace="ml", pod="nb-0", uid="uid-nb-0")
    ledger = ledger_of(scene)
    assert said(ledger, "B1", idle_device_hours=4.5).findings
    assert not said(ledger, "B1", idle_device_hours=4.5, idle_grace_seconds=3600.0).findings


def test_a_pod_that_is_not_ready_yet_is_starting(ledger_of: LedgerOf) -> None:
    scene = notebook()
    scene.points = [
        (series, when, 0.0 if series.name == "kube_pod_status_ready" else value) for series, when, value in scene.points
    ]
    assert not said(ledger_of(scene), "B1").findings


def test_a_device_freed_on_a_node_that_stays_saves_nothing(ledger_of: LedgerOf) -> None:
    scene = power(node(Scene(), "n0", 8, "p5.48xlarge"), 70, gpus=8)
    scene.points = [
        (series, when, 0.5)
        if series.name == "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE" and ("gpu", "7") in series.labels
        else (series, when, value)
        for series, when, value in scene.points
    ]
    for index, name in ((0, "nb-0"), (7, "job-0")):
        own = {"namespace": "ml", "pod": name}
        scene.pod(name, "n0", times(), 1.0, f"10.0.0.{index + 1}")
        scene.points = [
            (series.__class__.of(series.name, {**dict(series.labels), "exported_namespace": "ml", "exported_pod": own["pod"]}.items()), when, value)
            if series.name.startswith("DCGM_") and ("gpu", str(index)) in series.labels
            else (series, when, value)
            for series, when, value in scene.points
        ]
    finding = only(said(ledger_of(scene), "B1").findings)
    assert finding.resource.workload == "nb-0"
    assert finding.saving_attributed.dollars_per_hour == pytest.approx(6.88)
    assert finding.saving_realisable.dollars_per_hour == 0

"""A3: a node that is broken and paid for is found; a program's fault and a short flap are not."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import LedgerOf, at, fell, node, only, said, times, worker
from tests.analyzer.conftest import Scene


def broken(hours: float) -> Scene:
    scene = worker(node(Scene(), "n0"))
    return fell(scene, "kube_node_status_condition", 2, 2 + hours, node="n0", condition="Ready")


def fault(code: int) -> Scene:
    own = {"gpu": "0", "UUID": "GPU-n0-0", "modelName": "NVIDIA H100 80GB HBM3", "Hostname": "n0"}
    told = [*at(0.0, times(0, 2)), *at(float(code), times(2.05, 6))]
    return worker(node(Scene(), "n0")).add("DCGM_FI_DEV_XID_ERRORS", told, **own, instance="n0:9400")


def test_a_node_that_was_not_ready_for_two_hours_is_found(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(broken(2))
    finding = only(said(ledger, "A3").findings)
    assert finding.resource.node == "n0"
    assert finding.evidence[0].value == pytest.approx(120, abs=5)
    assert finding.evidence[0].threshold == 30
    assert "not Ready" in finding.headline
    assert finding.saving_realisable.dollars_per_hour == pytest.approx(6.88 * 2 / 6, rel=0.05)
    assert not said(ledger, "A3", not_ready_minutes=130.0).findings


def test_a_flap_shorter_than_a_repair_takes_to_begin_is_none(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(broken(0.4))
    assert not said(ledger, "A3").findings
    assert said(ledger, "A3", not_ready_minutes=15.0).findings


def test_a_fatal_fault_names_its_number_and_has_less_patience(ledger_of: LedgerOf) -> None:
    finding = only(said(ledger_of(fault(79)), "A3").findings)
    assert "Xid 79" in finding.headline
    assert finding.evidence[0].threshold == 10


def test_a_fault_of_a_program_breaks_no_device(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(fault(13)), "A3").findings


def test_without_conditions_nothing_is_called_broken_or_sound(ledger_of: LedgerOf) -> None:
    scene = broken(2)
    scene.points = [point for point in scene.points if point[0].name != "kube_node_status_condition"]
    advice = said(ledger_of(scene), "A3")
    assert not advice.findings
    assert advice.checked[0].declined == 1

"""A2: a pool that needs fewer nodes and may not let one go is found; one that may, or is full, is not."""

from __future__ import annotations

from tests.analyzer.advice.conftest import POOL, LedgerOf, at, node, only, reasons, said, times
from tests.analyzer.conftest import Scene

ALLOWED = "karpenter_nodepools_allowed_disruptions"


def half_empty(allowed: float | None = 0.0, gpus: float = 2.0) -> Scene:
    """Two nodes of eight devices, each with one pod."""
    scene = Scene()
    for number in range(2):
        node(scene, f"n{number}", gpus=8, instance_type="p5.48xlarge")
        scene.pod(f"p{number}", f"n{number}", times(), gpus, f"10.0.{number}.1")
    if allowed is not None:
        scene.add(ALLOWED, at(allowed, times()), nodepool=POOL, reason="Underutilized")
    return scene


def test_a_budget_that_never_let_a_node_go_is_found(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(half_empty())
    finding = only(said(ledger, "A2").findings)
    assert finding.resource.nodepool == POOL
    assert "needs 1 node less" in finding.headline
    assert "its budget never let one go" in finding.headline
    assert finding.saving_realisable.dollars_per_hour
    assert finding.artifacts
    assert not said(ledger, "A2", removable_node_hours=7.0).findings


def test_a_budget_that_lets_nodes_go_blocks_nothing(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(half_empty(allowed=1.0)), "A2").findings


def test_a_full_pool_has_nothing_to_let_go(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(half_empty(gpus=8.0)), "A2").findings


def test_where_nothing_tells_why_nodes_stay_that_is_said(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(half_empty(allowed=None)), "A2")
    assert not advice.findings
    assert "nothing tells why they stay" in reasons(advice.declined)

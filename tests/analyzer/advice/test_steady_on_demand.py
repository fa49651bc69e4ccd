"""G1: a level that is reached all the time is found once there is history; else it says what it needs."""

from __future__ import annotations

from tests.analyzer.advice.conftest import LedgerOf, node, only, reasons, said, times
from tests.analyzer.conftest import Scene


def fleet(capacity_type: str = "on-demand") -> Scene:
    scene = node(Scene(), "n0", capacity_type=capacity_type, active=0.5)
    return scene.pod("p", "n0", times(), 1.0, "10.0.0.1")


def test_a_node_that_always_runs_is_found(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(fleet())
    finding = only(said(ledger, "G1", steady_hours=5.0).findings)
    assert finding.resource.instance_type == "p5.4xlarge"
    assert finding.saving_realisable.dollars_per_hour
    assert not said(ledger, "G1", steady_hours=5.0, commitment_price_ratio=1.1).findings


def test_a_day_is_no_history_for_a_commitment_of_years(ledger_of: LedgerOf) -> None:
    advice = said(ledger_of(fleet()), "G1")
    assert not advice.findings
    assert "30 days of history are needed" in reasons(advice.declined)


def test_what_is_reserved_or_spot_is_no_candidate(ledger_of: LedgerOf) -> None:
    for capacity_type in ("reserved", "spot"):
        assert not said(ledger_of(fleet(capacity_type)), "G1", steady_hours=5.0).findings


def test_a_type_without_a_price_is_declined(ledger_of: LedgerOf) -> None:
    scene = node(Scene(), "n0", instance_type="p99.4xlarge", active=0.5).pod("p", "n0", times(), 1.0, "10.0.0.1")
    advice = said(ledger_of(scene), "G1", steady_hours=5.0)
    assert not advice.findings
    assert "its price is unknown" in reasons(advice.declined)

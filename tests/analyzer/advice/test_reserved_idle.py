"""A5: an empty reserved node is told and saves 0, unless it can take what is bought on demand beside it."""

from __future__ import annotations

import pytest

from tests.analyzer.advice.conftest import LedgerOf, node, only, said, times, worker
from tests.analyzer.conftest import Scene


def reserved() -> Scene:
    return worker(node(Scene(), "n0", capacity_type="reserved"))


def test_an_empty_reserved_node_is_sunk_money(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(reserved())
    finding = only(said(ledger, "A5").findings)
    assert finding.evidence[0].value == pytest.approx(6)
    assert finding.saving_realisable.dollars_per_hour == 0
    assert finding.saving_attributed.dollars_per_hour == pytest.approx(6.88)
    assert "letting them go saves nothing" in finding.headline
    assert not said(ledger, "A5", empty_node_hours=7.0).findings


def test_it_can_take_what_is_bought_on_demand(ledger_of: LedgerOf) -> None:
    scene = node(reserved(), "n1", active=0.5).pod("job", "n1", times(), 1.0, "10.0.1.1")
    finding = only(said(ledger_of(scene), "A5").findings)
    assert "move what runs on demand on n1" in finding.remedy
    assert finding.saving_realisable.dollars_per_hour == pytest.approx(6.88)


def test_a_reserved_node_at_work_is_none(ledger_of: LedgerOf) -> None:
    scene = reserved().pod("p", "n0", times(), 1.0, "10.0.0.1")
    assert not said(ledger_of(scene), "A5").findings


def test_on_demand_nodes_are_left_to_a1(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(worker(node(Scene(), "n0"))), "A5").findings

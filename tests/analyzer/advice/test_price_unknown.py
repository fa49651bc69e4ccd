"""H2: a price that is missing or old is found; a fresh one is not."""

from __future__ import annotations

from datetime import date

from tests.analyzer.advice.conftest import LedgerOf, Priced, node, only, said, worker
from tests.analyzer.conftest import Scene


def test_a_type_without_a_price_is_told_in_hours(ledger_of: LedgerOf) -> None:
    finding = only(said(ledger_of(worker(node(Scene(), "n0", instance_type="p99.4xlarge"))), "H2").findings)
    assert finding.headline.startswith("p99.4xlarge has no price: 1 node and 6 accelerator-hours")
    assert "--prices" in finding.remedy


def test_old_prices_are_told_with_their_age(ledger_of: LedgerOf) -> None:
    ledger = ledger_of(worker(node(Scene(), "n0")), prices=Priced(date(2026, 9, 1)))
    finding = only(said(ledger, "H2").findings)
    assert finding.evidence[0].value == 70
    assert finding.evidence[0].threshold == 45
    assert not said(ledger, "H2", price_age_days=71.0).findings


def test_fresh_prices_are_no_finding(ledger_of: LedgerOf) -> None:
    assert not said(ledger_of(worker(node(Scene(), "n0"))), "H2").findings

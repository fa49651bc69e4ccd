"""What the change of a case saves: at marginal price, in whole nodes, and withheld where a price is in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from analyzer.advice.case import Case, Dollars, Lot
from analyzer.advice.facts import Facts, NodeFacts
from analyzer.advice.thresholds import Thresholds
from analyzer.ledger.nodes import Node
from analyzer.window import MICROSECONDS

_RESERVED = "reserved: it is paid for, used or not"
_UNKNOWN = "withheld: a price is unknown (H2)"


@dataclass(frozen=True, slots=True)
class Saved:
    """Dollars of the window; None with the reason where they are withheld, 0 with the reason where nothing goes."""

    dollars: float | None
    reason: str = ""
    saves: Dollars = field(default_factory=dict)  # by lot, of a case that says it itself


class Savings:
    """Judges the savings of the cases of one ledger."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def of(self, case: Case, thresholds: Thresholds) -> Saved:
        """What the case's change saves."""
        if case.no_saving:
            return Saved(0.0, case.no_saving)
        nodes = self._nodes(case.saves or case.wasted)
        if why := _price_doubt(nodes, self.facts.window.end, thresholds):
            return Saved(None, why)
        return self._released(case) if case.releases else self._direct(case)

    def _direct(self, case: Case) -> Saved:
        if any(dollars is None for dollars in case.saves.values()):
            return Saved(None, _UNKNOWN)
        paid = {lot: dollars for lot, dollars in case.saves.items() if case.opportunity or not self._is_reserved(lot)}
        if case.saves and not paid:
            return Saved(0.0, _RESERVED)
        return Saved(sum(dollars or 0.0 for dollars in paid.values()), "", paid)

    def _released(self, case: Case) -> Saved:
        """At most what is wasted: the rest of an emptied node was free before."""
        gained = self.facts.repacking.gained(case.releases)
        if any(dollars is None for dollars in gained.values()) or case.wasted_dollars is None:
            return Saved(None, _UNKNOWN)
        paid = {pool: dollars or 0.0 for pool, dollars in gained.items() if not pool.is_reserved}
        if gained and not paid:
            return Saved(0.0, _RESERVED)
        dollars = min(sum(paid.values()), case.wasted_dollars)
        return Saved(dollars, "" if dollars else "no node empties by it: what is freed stays paid for")

    def _nodes(self, dollars: Dollars) -> list[NodeFacts]:
        return [here for lot in dollars if (here := self.facts.node_of.get((lot.cluster, lot.node)))]

    def _is_reserved(self, lot: Lot) -> bool:
        here = self.facts.node_of.get((lot.cluster, lot.node))
        return here is not None and here.is_reserved


def price_age_days(node: Node, at: int) -> float:
    """How old the oldest price of a node is at a time; 0 where it has none."""
    day = datetime.fromtimestamp(at / MICROSECONDS, UTC).date()
    prices = [price for _, _, price in node.prices.spells(node.start, node.end) if price]
    return float(max([0, *((day - price.as_of).days for price in prices)]))


def _price_doubt(nodes: Iterable[NodeFacts], at: int, thresholds: Thresholds) -> str:
    listed = list(nodes)
    if any(one.cost_dollars is None for one in listed):
        return _UNKNOWN
    days = max((price_age_days(one.node, at) for one in listed), default=0.0)
    if days > thresholds.price_age_days:
        return f"withheld: its price is {days:.0f} days old, older than {thresholds.price_age_days:.0f} (H2)"
    return ""

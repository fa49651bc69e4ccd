"""How far to trust a finding: 1, times what its evidence lacks. Every factor below 1 is told with its reason."""

from __future__ import annotations

from analyzer.advice.case import Case
from analyzer.advice.facts import Facts
from analyzer.advice.thresholds import Thresholds
from analyzer.pricing.price import LIST, SPOT

_SHORT_WINDOW, _LIST_PRICE, _NEAR = 0.8, 0.8, 0.5


def confidence(case: Case, facts: Facts, thresholds: Thresholds) -> tuple[float, list[str]]:
    """The product, 0 to 1, and the reasons."""
    factors: list[tuple[float, str]] = []
    if case.coverage < 1:
        factors.append((0.5 + 0.5 * case.coverage, f"{100 * case.coverage:.0f} % of the expected samples were seen"))
    if case.signal_quality < 1:
        factors.append((case.signal_quality, "its activity is known by a proxy only"))
    if facts.hours < thresholds.seasonal_window_hours:
        factors.append((_SHORT_WINDOW, f"{facts.hours:.0f} h are no whole week"))
    if case.attribution < 1:
        factors.append((case.attribution, "the device is shared: who used it is apportioned"))
    if (case.saves or case.releases) and facts.ledger.options.price_basis == LIST:
        factors.append((_LIST_PRICE, _list_price(case, facts)))
    near = [one for one in case.evidence if one.distance is not None and abs(one.distance) < _near(thresholds)]
    if near:
        factors.append((_NEAR, f"{near[0].what}: within {_near(thresholds):.0%} of its threshold"))
    value = 1.0
    for factor, _ in factors:
        value *= factor
    return value, [f"{reason} (x {factor:.2g})" for factor, reason in factors] + list(case.doubts)


def _near(thresholds: Thresholds) -> float:
    return thresholds.near_threshold_ratio


def _list_price(case: Case, facts: Facts) -> str:
    nodes = [facts.node_of.get((lot.cluster, lot.node)) for lot in case.wasted]
    if any(one is not None and one.node.shape.capacity_type == SPOT for one in nodes):
        return "spot nodes are priced as on demand: it saves less"
    return "list prices: discounts and commitments are not in them"

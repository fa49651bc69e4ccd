"""The bill: nodes and reservations by their price paths, fees beside them, and the prices that all of it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes import Node
from analyzer.ledger.priced import Priced, node_cost, priced, prices_of, total
from analyzer.ledger.shapes import RUNGS
from analyzer.pricing.book import Fee
from analyzer.pricing.path import PricePath
from analyzer.pricing.price import Price
from analyzer.report.model import Bill, FeeLine, Figure, Rung
from analyzer.window import Window


def bill_of(ledger: Ledger) -> Bill:
    """Dollars of the priced time, the share of node time that is priced, and the fees."""
    cost, names = total(_costs(ledger)), price_names(ledger)
    if cost.dollars is None:
        why = "no accelerator node has a known price" if ledger.nodes else "no accelerator node was seen in the window"
        dollars = Figure(None, 0.0, names, reason=why)
    elif any(node.dearest for node in ledger.nodes):
        high = cost.dollars + sum(
            (dearest_dollars(one) or 0.0) - (node_cost(one).dollars or 0.0) for one in ledger.nodes
        )
        dollars = Figure(cost.dollars, cost.coverage, names, low=cost.dollars, high=high)
    else:
        dollars = Figure(cost.dollars, cost.coverage, names)
    is_measured = all(node.begin_is_known and node.end_is_known for node in ledger.nodes)
    lifetime = "measured" if is_measured and ledger.nodes else "estimated"
    return Bill(dollars, ledger.options.price_basis, lifetime, _rungs(ledger), _fees(ledger), ledger.currency)


def node_figure(node: Node) -> Figure:
    """What one node cost; null where it has no price at all."""
    cost = node_cost(node)
    if cost.dollars is None:
        return Figure(None, 0.0, [], reason=f"no price for {node.shape.instance_type or 'an unknown instance type'}")
    bounds = (cost.dollars, dearest_dollars(node)) if node.dearest else ()
    return Figure(cost.dollars, cost.coverage, names_of(prices_of([node])), *bounds)


def dearest_dollars(node: Node) -> float | None:
    """What a node cost if it is the dearest of the types that it may be."""
    return (priced(node.dearest, node.start, node.end) if node.dearest else node_cost(node)).dollars


def price_names(ledger: Ledger) -> list[str]:
    """The prices that the ledger's dollars rest on."""
    return names_of(ledger.prices)


def price_coverage(ledger: Ledger) -> float:
    """The share of node time, launched or only reserved, that has a price."""
    return total(_costs(ledger)).coverage


def names_of(prices: Iterable[Price]) -> list[str]:
    """Each source once: with its date, or from its first to its last date."""
    dates: dict[tuple[str, bool], list[date]] = {}
    for price in prices:
        dates.setdefault((price.source, price.is_stale), []).append(price.as_of)
    return sorted(
        f"{source}, {min(days)}{f' to {max(days)}' if max(days) > min(days) else ''}{', stale' if is_stale else ''}"
        for (source, is_stale), days in dates.items()
    )


def _costs(ledger: Ledger) -> list[Priced]:
    """Of every node, and of every spell of a reservation that nobody launched; seconds are of instances."""
    costs = [node_cost(node) for node in ledger.nodes]
    return costs + [priced(one.prices, one.start, one.end, one.instances) for one in ledger.unlaunched]


def _prices(path: PricePath, window: Window) -> set[Price]:
    return {price for _, _, price in path.spells(window.start, window.end) if price}


def _rungs(ledger: Ledger) -> list[Rung]:
    found = []
    for rung, title in RUNGS.items():
        mine = [node_cost(node) for node in ledger.nodes if node.shape.rung == rung]
        if mine:
            found.append(Rung(title, len(mine), total(mine).dollars or 0.0))
    return found


def _fees(ledger: Ledger) -> list[FeeLine]:
    """One line for each name. A cluster is paid for the whole window, an Auto Mode node for its life."""
    by_name: dict[str, list[tuple[Fee, Priced]]] = {}
    for fee in ledger.fees:
        costs = [priced(fee.path, start, end) for start, end in _times(fee, ledger)]
        if costs:
            by_name.setdefault(fee.name, []).append((fee, total(costs)))
    lines = []
    for name, several in by_name.items():
        cost = total(one for _, one in several)
        sources = names_of(price for fee, _ in several for price in _prices(fee.path, ledger.window))
        reason = "its price is unknown" if cost.dollars is None else None
        lines.append(FeeLine(name, Figure(cost.dollars, cost.coverage, sources, reason=reason)))
    return lines


def _times(fee: Fee, ledger: Ledger) -> list[tuple[int, int]]:
    if not fee.instance_type:
        return [(ledger.window.start, ledger.window.end)]
    return [(node.start, node.end) for node in fee_nodes(fee, ledger)]


def fee_nodes(fee: Fee, ledger: Ledger) -> list[Node]:
    """The nodes that a fee of Auto Mode is paid for: those that their label says it of. Where no label says it of any
    node, those of the fee's type that nobody tells of."""
    here = [node for node in ledger.nodes if not fee.cluster or not node.cluster or fee.cluster == node.cluster]
    is_told = any(node.shape.is_auto for node in here)
    return [
        node
        for node in here
        if node.shape.instance_type == fee.instance_type
        and (node.shape.is_auto or (node.shape.is_auto is None and not is_told))
    ]

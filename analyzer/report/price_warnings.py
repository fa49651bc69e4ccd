"""What a reader must know of the prices: what the price book says, types that are guessed, reservations in doubt."""

from __future__ import annotations

import math

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes import Node
from analyzer.ledger.priced import node_cost
from analyzer.ledger.reserved import fitting
from analyzer.report.bill import dearest_dollars
from analyzer.window import CELL

_NODES_NAMED = 3


def price_warnings(ledger: Ledger) -> list[str]:
    """One sentence each; none where nothing is in doubt."""
    return [*ledger.price_remarks, *_ranges(ledger), *_anywhere(ledger), *_used_by_others(ledger)]


def _anywhere(ledger: Ledger) -> list[str]:
    """Reserved nodes that fit several reservations: what is left of those may be counted once too often."""
    doubtful = [
        node.name
        for node in ledger.nodes
        if not node.stays and len(fitting(node.shape, node.start, node.end, ledger.reservations)) > 1
    ]
    if not doubtful:
        return []
    return [
        f"{_some(doubtful)}: reserved, and nothing tells in which reservation; the reserved-unlaunched time is at most"
        " what is shown (let kube-state-metrics show the label karpenter.k8s.aws/capacity-reservation-id)"
    ]


def _used_by_others(ledger: Ledger) -> list[str]:
    """Reservations that EC2 shows in use by more instances than there are nodes in them."""
    said = []
    for one in {spell.reservation: None for spell in ledger.unlaunched}:
        if one.unused is None:
            continue
        late = min(one.end, max((node.end for node in ledger.nodes), default=ledger.window.end)) - CELL
        stays = [stay for node in ledger.nodes for stay in node.stays if stay.reservation_id == one.id]
        here = sum(stay.start <= late < stay.end for stay in stays)
        if (running := one.count - one.unused) > here:
            said.append(
                f"EC2 has {running} instances in {one.id}, and {here} nodes are known in it at the end of the window:"
                " what others run in it is shown as reserved-unlaunched"
            )
    return said


def _ranges(ledger: Ledger) -> list[str]:
    """One sentence for each set of instance types between which nothing decides."""
    by_types: dict[tuple[str, ...], list[Node]] = {}
    for node in ledger.nodes:
        if node.shape.may_be:
            by_types.setdefault(node.shape.may_be, []).append(node)
    return [
        f"{_some([node.name for node in nodes])}: accelerator model and count fit {', '.join(types)};"
        + (f" counted as the cheapest with a known price, {_span(nodes)}" if nodes[0].dearest else " no price is known")
        for types, nodes in by_types.items()
    ]


def _span(nodes: list[Node]) -> str:
    low = math.fsum(node_cost(node).dollars or 0.0 for node in nodes)
    high = math.fsum(dearest_dollars(node) or 0.0 for node in nodes)
    return f"${low:,.2f}; as the dearest it would be ${high:,.2f}"


def _some(names: list[str]) -> str:
    shown, rest = ", ".join(names[:_NODES_NAMED]), len(names) - _NODES_NAMED
    return f"{'node' if len(names) == 1 else 'nodes'} {shown}" + (f" and {rest} more" if rest > 0 else "")

"""What a reader must know of the prices: what the price book says, types that are guessed, reservations in doubt."""

from __future__ import annotations

import math

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes import Node
from analyzer.ledger.priced import node_cost
from analyzer.ledger.reserved import fitting, uncounted
from analyzer.report.bill import dearest_dollars, fee_nodes
from analyzer.window import CELL

_NODES_NAMED = 3


def price_warnings(ledger: Ledger) -> list[str]:
    """One sentence each; none where nothing is in doubt."""
    return [
        *ledger.price_remarks,
        *_ranges(ledger),
        *_anywhere(ledger),
        *_taken_for(ledger),
        *_used_by_others(ledger),
        *_uncounted(ledger),
        *_perhaps_auto(ledger),
    ]


def _anywhere(ledger: Ledger) -> list[str]:
    """Reserved nodes that fit several reservations: what is left of those may be counted once too often."""
    known = {one.id for one in ledger.reservations}
    doubtful = [
        node.name
        for node in ledger.nodes
        if not any(stay.reservation_id in known for stay in node.stays)
        and len({one.id for one in fitting(node.shape, node.start, node.end, ledger.reservations)}) > 1
    ]
    if not doubtful:
        return []
    return [
        f"{_some(doubtful)}: reserved, and nothing tells in which reservation; the reserved-unlaunched time is at most"
        " what is shown (let kube-state-metrics show the label karpenter.k8s.aws/capacity-reservation-id)"
    ]


def _taken_for(ledger: Ledger) -> list[str]:
    """Blocks that the rate card knows by another id than the nodes in them."""
    pairs = {(stay.label, stay.reservation_id) for node in ledger.nodes for stay in node.stays if stay.label}
    return [
        f"{label} is taken for {block}, the only block that fits by type, zone and time:"
        f" let the rate card call it {label}"
        for label, block in sorted(pairs)
    ]


def _uncounted(ledger: Ledger) -> list[str]:
    return [
        f"{one.id}: nothing tells how many accelerators {one.instance_type} has, so what is not used of its {one.count}"
        " instances is outside the ledger (see the blind spots)"
        for one in uncounted(ledger.reservations, ledger.nodes, ledger.devices, ledger.window)
    ]


def _perhaps_auto(ledger: Ledger) -> list[str]:
    """Nodes that the fee of Auto Mode is counted for, though nobody tells that they are of it."""
    fees = [fee for fee in ledger.fees if fee.instance_type]
    names = [node.name for fee in fees for node in fee_nodes(fee, ledger) if node.shape.is_auto is None]
    if not names:
        return []
    return [
        f"{_some(names)}: nothing tells whether EKS Auto Mode runs them, and its fee is counted for them (run gpuyield"
        " export cluster, or let kube-state-metrics show the label eks.amazonaws.com/compute-type)"
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

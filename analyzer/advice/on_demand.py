"""What runs on demand beside unused reserved capacity of the same type: the saving that filling it opens."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.advice.case import Dollars, Lot
from analyzer.advice.facts import Facts
from analyzer.pricing.price import ON_DEMAND


@dataclass(frozen=True, slots=True)
class OnDemand:
    """On-demand nodes of a type and what of their cost unused reserved hours could take over."""

    nodes: tuple[str, ...]
    saves: Dollars

    @property
    def dollars(self) -> float:
        return sum(amount or 0.0 for amount in self.saves.values())


def on_demand_beside(facts: Facts, instance_type: str, region: str, unused_hours: float) -> OnDemand:
    """At most as many node-hours as were unused, spread over the on-demand nodes of the type and region."""
    beside = [
        one
        for one in facts.nodes
        if one.node.shape.instance_type == instance_type
        and one.node.shape.capacity_type == ON_DEMAND
        and not one.is_reserved
        and (not region or not one.node.shape.region or one.node.shape.region == region)
    ]
    node_hours = sum(one.hours for one in beside)
    if not node_hours:
        return OnDemand((), {})
    share = min(1.0, unused_hours / node_hours)
    return OnDemand(
        tuple(one.node.name for one in beside),
        {
            Lot(one.node.cluster, one.node.name): None if one.cost_dollars is None else share * one.cost_dollars
            for one in beside
        },
    )

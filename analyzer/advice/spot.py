"""Spot prices as Karpenter tells them, the types that could stand for one another, and a NodePool for spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.finding import Artifact
from analyzer.advice.patch import new_object, node_pool
from analyzer.advice.pools import PoolName, pool_settings
from analyzer.advice.thresholds import Thresholds
from analyzer.pricing.instances import InstanceType, instance_types
from analyzer.pricing.price import ON_DEMAND, SPOT
from exporters.canonical import nodes

_TAINT = "gpuyield.dev/spot"
_CLASSES = {"EC2NodeClass": "karpenter.k8s.aws", "NodeClass": "eks.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class SpotPrices:
    """`ratio`: the spot price over the on-demand price, by instance type; only where both are known and differ."""

    ratio: dict[str, float]

    def cheaper(self, types: Sequence[str], thresholds: Thresholds) -> list[str]:
        """Types that could stand for any of `types` and are cheaper as spot, those first."""
        fitting = [one for one in types if one in self.ratio]
        fitting += sorted(
            one for one in self.ratio if one not in types and any(_stands_for(one, for_) for for_ in types)
        )
        return [one for one in fitting if self.ratio[one] <= thresholds.spot_price_ratio]


def spot_prices(facts: Facts) -> SpotPrices:
    """The cheapest zone's estimate at the end of the window. 0 is no price; spot equal to on demand stands in for one
    that was not read yet."""
    table = facts.table(nodes.offering_dollars_per_hour)
    rows = facts.rows(
        f"""
        WITH newest AS (
            SELECT s.instance_type, s.capacity_type, s.zone, arg_max(x.value, x.t) AS price
            FROM {table} AS x JOIN {table}_series AS s USING (series) WHERE isfinite(x.value) GROUP BY ALL
        )
        SELECT instance_type, min(price) FILTER (capacity_type = '{SPOT}' AND price > 0) AS spot,
            min(price) FILTER (capacity_type = '{ON_DEMAND}' AND price > 0) AS on_demand
        FROM newest GROUP BY instance_type
        """
    )
    return SpotPrices(
        {name: spot / on_demand for name, spot, on_demand in rows if spot and on_demand and spot < on_demand}
    )


def spot_pool(facts: Facts, holder: HolderFacts, types: Sequence[str], rule: str) -> tuple[Artifact, ...]:
    """A NodePool of its own, beside the one that the workload uses; nothing where that one's node class is unknown."""
    used = {
        facts.node_of[(holder.cluster, name)].pool for name in holder.nodes if (holder.cluster, name) in facts.node_of
    }
    pools = sorted(pool for pool in used if pool)
    told = pool_settings(facts, PoolName(holder.cluster, pools[0])) if pools else None
    if told is None or not told.node_class or told.node_class_kind not in _CLASSES:
        return ()
    name = f"{pools[0]}-spot"
    artifact = new_object(
        node_pool(name), {"spec": _spec(told.node_class_kind, told.node_class, types)}, rule, _remarks(holder)
    )
    return (artifact,) if artifact else ()


def _spec(kind: str, node_class: str, types: Sequence[str]) -> dict[str, object]:
    return {
        "template": {
            "spec": {
                "nodeClassRef": {"group": _CLASSES[kind], "kind": kind, "name": node_class},
                "requirements": [
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [SPOT]},
                    {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": list(types)},
                ],
                "taints": [{"key": _TAINT, "value": "true", "effect": "NoSchedule"}],
            }
        },
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "10m",
            "budgets": [{"nodes": "10%", "reasons": ["Empty", "Underutilized", "Drifted"]}],
        },
    }


def _remarks(holder: HolderFacts) -> tuple[str, ...]:
    return (
        f"pods of {holder.name} need the toleration {_TAINT}=true:NoSchedule, and those of the pool that they use now",
        "they must save their work, or hand over their requests, within two minutes of SIGTERM",
    )


def _stands_for(other: str, used: str) -> bool:
    """As many accelerators of the same vendor, each with at least as much memory."""
    table = instance_types()
    one, two = table.get(other), table.get(used)
    return one is not None and two is not None and one.vendor == two.vendor and _fits(one, two)


def _fits(one: InstanceType, two: InstanceType) -> bool:
    memory = (one.accelerator_memory_gib or 0.0) >= (two.accelerator_memory_gib or float("inf"))
    return memory and one.accelerator_count == two.accelerator_count

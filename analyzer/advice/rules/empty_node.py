"""A1: nodes with accelerators that nobody holds.

What it means: a whole node was paid for and no pod held any of its devices, for longer than an elastic pool needs to
let it go (one hour; a day where the node group has a fixed size).
What to do: let Karpenter take empty nodes away (`consolidationPolicy: WhenEmpty`, a short `consolidateAfter`); scale a
static NodePool or a managed node group down.
What it is not: reserved capacity (A5: letting it go saves nothing), a node that is still starting, devices that work
without a holder, devices that pods claim through ResourceClaims (DRA), nodes kept warm by pause pods.
Before: where capacity is scarce, see whether the type can be had again (`offering_available`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from analyzer.advice.case import Case, Lot, total
from analyzer.advice.disruption import letting_empty_go
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import EmptySpell, Facts, cost_of, empty_spells_sql
from analyzer.advice.finding import Artifact, Declined, Evidence, Verify
from analyzer.advice.nodes_kept import is_scarce, why_kept
from analyzer.advice.pools import PoolName, pool_of, pool_settings, rows_of, types_of, where_of_node
from analyzer.advice.quoting import promql_text
from analyzer.advice.rule import Rule, declined
from analyzer.advice.settings import Settings
from analyzer.advice.words import dollars_per_week, hours, several
from exporters.canonical import device, nodes, pods

_WAIT_SECONDS = 1800.0


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each pool with empty nodes."""
    found: dict[PoolName, list[EmptySpell]] = defaultdict(list)
    limits: dict[PoolName, Limit] = {}
    for spell in facts.empty_spells:
        pool = pool_of(spell.node)
        thresholds = settings.at(where_of_node(spell.node), rule.id)
        is_elastic = (pool.cluster, pool.pool) in facts.karpenter_pools
        limit = Limit.of(">=", "empty_node_hours" if is_elastic else "empty_static_node_hours", thresholds)
        if not limit.holds(spell.hours) or spell.node.is_reserved:
            continue
        if why := why_kept(facts, spell, thresholds):
            yield declined(rule, why, f"node {spell.node.node.name}", spell.dollars)
            continue
        found[pool].append(spell)
        limits[pool] = limit
    for pool, spells in found.items():
        yield _case(facts, pool, spells, limits[pool])


def _case(facts: Facts, pool: PoolName, spells: Sequence[EmptySpell], limit: Limit) -> Case:
    inside = {one.node.node.name: one.node for one in spells}
    wasted = _dollars(spells)
    scarce = is_scarce(facts, {one.node.shape.instance_type for one in inside.values()})
    return Case(
        resource=pool.resource,
        headline=f"{pool.title} kept {several(len(inside), 'node')} ({types_of(inside.values())}) without any holder"
        f" for {hours(sum(one.hours for one in spells))} in all",
        remedy=f"{_remedy(facts, pool)}: saves {dollars_per_week(total(wasted), facts)}",
        evidence=_evidence(facts, rows_of(pool.cluster, inside), limit),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=cost_of(inside.values()),
        wasted=wasted,
        saves=wasted,
        samples=sum(facts.samples(nodes.allocatable, cluster=pool.cluster, node=one) for one in inside),
        coverage=facts.coverage(rows_of(pool.cluster, inside)),
        risk="medium" if scarce else "low",
        risk_reasons=(f"Karpenter could not always get {scarce}",) if scarce else (),
        artifacts=_artifacts(facts, pool),
        verify=_verify(pool),
    )


def _dollars(spells: Sequence[EmptySpell]) -> dict[Lot, float | None]:
    found: dict[Lot, float | None] = {}
    for one in spells:
        lot = Lot(one.node.node.cluster, one.node.node.name)
        before = found.get(lot, 0.0)
        found[lot] = None if one.dollars is None or before is None else before + one.dollars
    return found


def _evidence(facts: Facts, where: str, limit: Limit) -> tuple[Evidence, ...]:
    spells = empty_spells_sql(where)
    return (
        from_ledger(
            facts,
            "longest time without a holder",
            f"SELECT max(end_s - start_s) / 3600 FROM ({spells})",
            limit=limit,
            points=_empty_nodes(facts, where),
        ),
        from_ledger(
            facts,
            "node-hours without a holder",
            f"SELECT sum(end_s - start_s) / 3600 FROM ({spells}) WHERE end_s - start_s >= {limit.value * 3600!r}",
            "hours",
        ),
    )


def _empty_nodes(facts: Facts, where: str) -> list[tuple[int, float]]:
    """How many of the nodes had no holder, by hour."""
    rows = facts.rows(
        f"""
        SELECT hour, count(*) FROM (
            SELECT hour, cluster, node FROM lot_hour WHERE {where} GROUP BY ALL HAVING bool_and(state LIKE 'free%')
        ) GROUP BY hour ORDER BY hour
        """
    )
    return [(int(hour), float(count)) for hour, count in rows]


def _remedy(facts: Facts, pool: PoolName) -> str:
    if (pool.cluster, pool.pool) in facts.karpenter_pools:
        return "let empty nodes go after 5 minutes"
    return "scale the node group down" if pool.pool else "take the node away"


def _artifacts(facts: Facts, pool: PoolName) -> tuple[Artifact, ...]:
    if (pool.cluster, pool.pool) not in facts.karpenter_pools:
        return ()
    artifact = letting_empty_go(pool.pool, rule.id, pool_settings(facts, pool).policy)
    return (artifact,) if artifact else ()


def _verify(pool: PoolName) -> Verify | None:
    if not pool.pool:
        return None
    labels = f'nodepool={promql_text(pool.pool)}, resource_type=~"nvidia.com/gpu|aws.amazon.com/neuron"'
    query = f"count(sum by (node_name) (karpenter_nodes_total_pod_requests{{{labels}}}) == 0) or vector(0)"
    return Verify(query, "promql", _WAIT_SECONDS, "0: no node of the pool is without a request for accelerators")


rule = Rule(
    id="A1",
    name="empty-accelerator-node",
    title="Nodes that nobody holds",
    version=1,
    signals=(
        nodes.allocatable,
        pods.requested,
        pods.phase,
        device.busy_ratio,
        device.compute_active_ratio,
        pods.image_info,
        nodes.offering_available,
        nodes.nodepool_info,
        nodes.nodepool_usage,
    ),
    needs=(pods.requested,),
    thresholds=("empty_node_hours", "empty_static_node_hours", "idle_activity_ratio"),
    judge=judge,
    remedy="run kube-state-metrics, so that free devices can be told from held ones",
)

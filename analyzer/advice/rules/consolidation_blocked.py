"""A2: nodes whose pods fit elsewhere, and that stay because something holds them.

What it means: packed again, the pool's pods need fewer nodes than are paid for, and Karpenter may not act: its budget
lets no node go, consolidation is off or only for empty nodes, or pods say that they must not be disturbed.
What to do: a budget for each reason, a `consolidateAfter` of minutes, and a duration instead of `"true"` in
`karpenter.sh/do-not-disrupt`.
What it is not: reserved capacity (A5), a training job in the middle of its run, a budget that only closes for a
maintenance window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from analyzer.advice.blocking import Block, block_of
from analyzer.advice.case import Case, Dollars, Lot
from analyzer.advice.disruption import letting_underused_go
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts, NodeFacts, cost_of
from analyzer.advice.finding import Artifact, Declined, Verify
from analyzer.advice.pools import PoolName, pool_of, rows_of, types_of, where_of_node
from analyzer.advice.quoting import promql_text
from analyzer.advice.rule import Rule, declined
from analyzer.advice.settings import Settings
from analyzer.advice.words import dollars_per_week, several
from exporters.canonical import nodes, pods

_WAIT_SECONDS = 3600.0


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each pool of Karpenter's that has more nodes than its pods need."""
    members: dict[PoolName, list[NodeFacts]] = defaultdict(list)
    for one in facts.nodes:
        if not one.is_reserved and (one.node.cluster, one.pool) in facts.karpenter_pools:
            members[pool_of(one)].append(one)
    for pool, several_nodes in members.items():
        spare_hours, spare_dollars = _spare(facts, pool)
        limit = Limit.of(">=", "removable_node_hours", settings.at(where_of_node(several_nodes[0]), rule.id))
        if not limit.holds(spare_hours):
            continue
        block = block_of(facts, pool, several_nodes)
        if block.declined:
            yield declined(rule, block.declined, pool.title, spare_dollars)
        elif block.reason:
            yield _case(facts, pool, several_nodes, block, spare_hours, spare_dollars, limit)


def _spare(facts: Facts, pool: PoolName) -> tuple[float, float | None]:
    """Node-hours and dollars that packing saves beyond nodes that stood empty, which A1 tells of."""
    found = [
        spare
        for key, spare in facts.repacking.spare().items()
        if (key.cluster, key.nodepool, key.is_reserved) == (pool.cluster, pool.pool, False)
    ]
    empty = [one for one in facts.empty_spells if pool_of(one.node) == pool and not one.node.is_reserved]
    node_hours = sum(one.node_hours for one in found) - sum(one.hours for one in empty)
    spared, stood_empty = [one.dollars for one in found], [one.dollars for one in empty]
    if None in spared or None in stood_empty:
        return node_hours, None
    return node_hours, max(0.0, sum(one or 0.0 for one in spared) - sum(one or 0.0 for one in stood_empty))


def _case(
    facts: Facts,
    pool: PoolName,
    members: Sequence[NodeFacts],
    block: Block,
    spare_hours: float,
    spare_dollars: float | None,
    limit: Limit,
) -> Case:
    names = {one.node.name for one in members}
    wasted = _by_node(facts, members, spare_dollars)
    mean = spare_hours / facts.hours
    return Case(
        resource=pool.resource,
        headline=f"{pool.title} keeps {several(len(members), 'node')} ({types_of(members)}) and needs"
        f" {several(mean, 'node')} less on average: {block.reason}",
        remedy=f"{block.remedy}: saves {dollars_per_week(spare_dollars, facts)}",
        evidence=(
            from_ledger(
                facts,
                "node-hours beyond what its held devices fill, empty nodes among them",
                _unfilled_sql(rows_of(pool.cluster, names)),
                limit=limit,
            ),
            *block.evidence,
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=cost_of(members),
        wasted=wasted,
        saves=wasted,
        samples=sum(facts.samples(nodes.allocatable, cluster=pool.cluster, node=name) for name in names),
        coverage=facts.coverage(rows_of(pool.cluster, names)),
        risk="medium",
        risk_reasons=("pods are evicted, and those with a long start are away for that long",),
        artifacts=_artifacts(pool, block),
        verify=_verify(pool),
    )


def _unfilled_sql(where: str) -> str:
    """By volume alone; what packing whole pods leaves is what the headline says, and at most this."""
    return f"""
        SELECT sum(nodes - ceil(coalesce(held, 0) * nodes / devices - 1e-6)) / 12 FROM (
            SELECT instance_type, start, count(DISTINCT node) AS nodes, sum(seconds) / 300 AS devices,
                sum(seconds) FILTER (pod <> '') / 300 AS held
            FROM ledger WHERE {where} GROUP BY ALL
        )
    """


def _by_node(facts: Facts, members: Sequence[NodeFacts], dollars: float | None) -> Dollars:
    """The spare dollars over the nodes, by what was free on each while others held something there."""
    lots = [Lot(one.node.cluster, one.node.name, part="underused") for one in members]
    if dollars is None:
        return dict.fromkeys(lots)
    free = [sum(cost for state, cost in one.dollars.items() if state.startswith("free")) for one in members]
    whole = sum(free)
    return {lot: dollars * (share / whole if whole else 1 / len(lots)) for lot, share in zip(lots, free, strict=True)}


def _artifacts(pool: PoolName, block: Block) -> tuple[Artifact, ...]:
    artifact = letting_underused_go(pool.pool, rule.id, block.remarks)
    return (artifact,) if artifact else ()


def _verify(pool: PoolName) -> Verify:
    labels = f'nodepool={promql_text(pool.pool)}, reason="Underutilized"'
    query = f"max_over_time(max(karpenter_nodepools_allowed_disruptions{{{labels}}})[1h:5m])"
    return Verify(query, "promql", _WAIT_SECONDS, "above 0, and fewer nodes in the pool within the hour")


rule = Rule(
    id="A2",
    name="consolidation-blocked",
    title="Nodes that could go and may not",
    version=1,
    signals=(
        pods.requested,
        nodes.allocatable,
        nodes.allowed_disruptions,
        nodes.disruption_eligible,
        nodes.nodepool_info,
        nodes.nodepool_usage,
        pods.disruption_info,
    ),
    needs=(pods.requested,),
    thresholds=("removable_node_hours", "disruption_budget_ratio"),
    judge=judge,
    remedy="scrape Karpenter's metrics, or run `gpuyield export cluster`",
)

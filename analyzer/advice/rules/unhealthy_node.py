"""A3: nodes or devices that are broken and paid for.

What it means: the node was not Ready, or a device was lost, reported unhealthy or had a fatal fault, for longer than a
repair takes to begin (10 minutes for hardware, 30 for a node that is not Ready).
What to do: replace it. Karpenter's NodeRepair is off by default (`--feature-gates NodeRepair=true`, with the node
monitoring agent); EKS managed node groups have `nodeRepairConfig.enabled=true`. Open an AWS case for a device that
fails again.
What it is not: faults of programs (Xid 13, 31, 43, 45), which the ledger does not count as broken.
Before: repair is forceful and passes over disruption budgets of pods; it stops where more than a fifth of a pool is
unhealthy.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.advice.case import Case, Lot
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts, NodeFacts
from analyzer.advice.finding import Declined, Evidence, Resource, Verify
from analyzer.advice.pools import pool_of, rows_of, where_of_node
from analyzer.advice.quoting import promql_text
from analyzer.advice.rule import Rule
from analyzer.advice.settings import Settings
from analyzer.advice.spells import spells_sql
from analyzer.advice.thresholds import Thresholds
from analyzer.advice.words import dollars_per_week, hours, several
from analyzer.ledger.states import NODE_UNHEALTHY
from exporters.canonical import device, nodes

_WAIT_SECONDS = 3600.0


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each node that was broken for long enough at a time."""
    for one in facts.nodes:
        if not one.accelerator_hours.get(NODE_UNHEALTHY):
            continue
        thresholds = settings.at(where_of_node(one), rule.id)
        limit = _limit(facts, one, thresholds)
        evidence = _evidence(facts, one, limit)
        if evidence[0].value is not None and limit.holds(evidence[0].value):
            yield _case(facts, one, evidence, thresholds)


def _limit(facts: Facts, one: NodeFacts, thresholds: Thresholds) -> Limit:
    """A node that is not Ready has longer than broken hardware before a repair begins."""
    not_ready = facts.number(
        f"SELECT sum(seconds) FILTER (node_phase = 'unhealthy') / sum(seconds) FROM ledger"
        f" WHERE state = '{NODE_UNHEALTHY}' AND {_rows(one)}"
    )
    name = "not_ready_minutes" if (not_ready or 0.0) > 0.5 else "unhealthy_minutes"
    return Limit.of(">=", name, thresholds)


def _evidence(facts: Facts, one: NodeFacts, limit: Limit) -> tuple[Evidence, ...]:
    spells = spells_sql(_rows(one), "cluster, node", NODE_UNHEALTHY)
    return (
        from_ledger(
            facts, "longest time broken", f"SELECT max(end_s - start_s) / 60 FROM ({spells})", "minutes", limit
        ),
        from_ledger(
            facts,
            "accelerator-hours broken",
            f"SELECT sum(seconds) / 3600 FROM ledger WHERE state = '{NODE_UNHEALTHY}' AND {_rows(one)}",
            "hours",
        ),
    )


def _case(facts: Facts, one: NodeFacts, evidence: tuple[Evidence, ...], thresholds: Thresholds) -> Case:
    node, pool = one.node, pool_of(one)
    lost = one.accelerator_hours[NODE_UNHEALTHY]
    dollars = one.dollars.get(NODE_UNHEALTHY)
    wasted = {Lot(node.cluster, node.name, part=NODE_UNHEALTHY): dollars}
    return Case(
        resource=Resource(
            "node",
            f"node {node.name}",
            pool.title,
            cluster=node.cluster,
            nodepool=pool.pool,
            node=node.name,
            instance_type=node.shape.instance_type,
        ),
        headline=f"{node.name} ({node.shape.instance_type}, {pool.title}) was broken for {hours(lost / one.devices)}"
        f" of all its {several(one.devices, 'accelerator')}: {_cause(facts, one)}",
        remedy=f"replace it, and let NodeRepair do that: saves {dollars_per_week(dollars, facts)}",
        evidence=evidence,
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=one.cost_dollars,
        wasted=wasted,
        saves=wasted,
        samples=facts.samples(nodes.ready, cluster=node.cluster, node=node.name),
        coverage=facts.coverage(_rows(one)),
        risk="medium" if one.is_reserved else "low",
        risk_reasons=_risks(facts, one, thresholds),
        verify=Verify(
            f'min(kube_node_status_condition{{condition="Ready", status="true", node={promql_text(node.name)}}})',
            "promql",
            _WAIT_SECONDS,
            "1, or no series where the node was replaced",
        ),
    )


def _cause(facts: Facts, one: NodeFacts) -> str:
    """The fault's number where one was told."""
    codes = facts.rows(
        """
        SELECT DISTINCT TRY_CAST(f.value AS INTEGER) FROM last_fault AS f JOIN last_fault_series AS s USING (series)
        JOIN device_of AS d ON d.uuid = s.uuid AND d.cluster = s.cluster JOIN device AS x USING (device)
        WHERE x.node = ? AND isfinite(f.value) AND f.value > 0 ORDER BY 1
        """,
        one.node.number,
    )
    if codes:
        return "Xid " + ", ".join(str(code) for (code,) in codes)
    return "not Ready" if facts.answered(nodes.ready) else "its devices do not answer"


def _risks(facts: Facts, one: NodeFacts, thresholds: Thresholds) -> tuple[str, ...]:
    pool = [other for other in facts.nodes if pool_of(other) == pool_of(one)]
    broken = sum(bool(other.accelerator_hours.get(NODE_UNHEALTHY)) for other in pool)
    risks = ["repair is forceful: it passes over disruption budgets of pods"]
    if broken > thresholds.repair_brake_ratio * len(pool) and len(pool) > 1:
        risks.append(f"{broken} of {len(pool)} nodes of the pool were broken: repair holds back beyond a fifth")
    if one.is_reserved:
        risks.append("a replacement needs a free slot in the reservation")
    return tuple(risks)


def _rows(one: NodeFacts) -> str:
    return rows_of(one.node.cluster, [one.node.name])


rule = Rule(
    id="A3",
    name="unhealthy-node-burn",
    title="Broken nodes that are paid for",
    version=1,
    signals=(nodes.ready, nodes.hardware_ready, device.last_fault_code, device.healthy, device.accelerator_up),
    needs=(nodes.ready,),
    thresholds=("unhealthy_minutes", "not_ready_minutes", "repair_brake_ratio"),
    judge=judge,
    remedy="run kube-state-metrics, so that nodes that are not Ready can be told",
)

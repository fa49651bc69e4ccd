"""What keeps Karpenter from letting nodes of a pool go: its budget, its policy, or pods that may not be disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.advice.evidence import Limit, from_series
from analyzer.advice.facts import Facts, NodeFacts
from analyzer.advice.finding import Evidence
from analyzer.advice.pools import PoolName, pool_settings
from analyzer.advice.quoting import promql_text
from analyzer.advice.words import several
from exporters.canonical import nodes, pods

_ANNOTATION = "karpenter.sh/do-not-disrupt"


@dataclass(frozen=True, slots=True)
class Block:
    """Why nodes stay, and how to change it. `declined`: why that cannot or must not be said."""

    reason: str = ""
    remedy: str = ""
    evidence: tuple[Evidence, ...] = ()
    remarks: tuple[str, ...] = ()
    declined: str = ""


def block_of(facts: Facts, pool: PoolName, members: Sequence[NodeFacts]) -> Block:
    """The first that holds of pods, budget and policy; nothing where none does."""
    known = [m for m in (nodes.allowed_disruptions, nodes.nodepool_info, pods.disruption_info) if facts.answered(m)]
    if not known:
        return Block(declined="its nodes could be fewer, and nothing tells why they stay")
    return _by_pods(facts, members) or _by_budget(facts, pool) or _by_policy(facts, pool) or Block()


def _by_pods(facts: Facts, members: Sequence[NodeFacts]) -> Block | None:
    """Pods with the annotation `true`. One that works without serving is a job in the middle of its run."""
    if not facts.answered(pods.disruption_info):
        return None
    names = {(one.node.cluster, one.node.name) for one in members}
    rows = facts.rows(
        f"""
        SELECT l.cluster, l.node, l.namespace || '/' || l.pod,
            bool_or(l.model = '') AND sum(l.seconds) FILTER (l.state LIKE 'active%') > 0.5 * sum(l.seconds)
        FROM ledger AS l JOIN {facts.table(pods.disruption_info)}_series AS s USING (cluster, namespace, pod)
        WHERE s.do_not_disrupt = 'true' GROUP BY l.cluster, l.node, l.namespace, l.pod ORDER BY 3
        """
    )
    here = [(pod, works) for cluster, node, pod, works in rows if (cluster, node) in names]
    if not here:
        return None
    if all(works for _, works in here):
        return Block(declined=f"{here[0][0]} must not be disrupted, and it is in the middle of its work")
    first = next(pod for pod, works in here if not works)
    namespace, pod = first.split("/", 1)
    query = (
        "count(kube_pod_annotations{annotation_karpenter_sh_do_not_disrupt="
        f'"true", namespace={promql_text(namespace)}, pod={promql_text(pod)}}})'
    )
    return Block(
        f"{several(len(here), 'pod')} such as {first} must not be disrupted",
        f'write {_ANNOTATION}: "4h" instead of "true", and let underused nodes go one at a time',
        (from_series("pods that forbid it", query, 1.0, facts.answered(pods.disruption_info), "pods"),),
        (f'change the annotation {_ANNOTATION} of {first} from "true" to a duration; a budget alone does not help',),
    )


def _by_budget(facts: Facts, pool: PoolName) -> Block | None:
    """No moment of the window at which one node could have gone; a budget that opens at night is no block."""
    if not facts.answered(nodes.allowed_disruptions):
        return None
    table = facts.table(nodes.allowed_disruptions)
    most = facts.number(
        f"""
        SELECT max(x.value) FROM {table} AS x JOIN {table}_series AS s USING (series)
        WHERE s.cluster = ? AND s.nodepool = ? AND s.reason = 'Underutilized' AND NOT isnan(x.value)
            AND x.t >= ? AND x.t < ?
        """,
        pool.cluster,
        pool.pool,
        facts.window.start,
        facts.window.end,
    )
    if most is None or most > 0:
        return None
    labels = f'nodepool={promql_text(pool.pool)}, reason="Underutilized"'
    query = f"max(max_over_time(karpenter_nodepools_allowed_disruptions{{{labels}}}[{facts.hours:.0f}h]))"
    evidence = from_series(
        "most nodes that the budget ever let go",
        query,
        most,
        facts.answered(nodes.allowed_disruptions),
        "nodes",
        Limit("<=", "", 0.0),
    )
    return Block("its budget never let one go", "give it a budget for each reason", (evidence,))


def _by_policy(facts: Facts, pool: PoolName) -> Block | None:
    told = pool_settings(facts, pool)
    if told.after == "Never":
        return Block("consolidateAfter is Never", "let underused nodes go after 10 minutes")
    if told.policy == "WhenEmpty":
        return Block("it lets only empty nodes go", "let underused nodes go too")
    return None

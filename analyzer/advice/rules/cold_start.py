"""A4: what starts cost, by workload.

What it means: devices are held, and paid, from binding until the pod is Ready: image pull, weights, compile, warm-up.
The dollars of one start are the price of every scale-to-zero and of every move by consolidation.
What to do: images that are there already (pre-pulled, or read as needed), weights streamed, a compile cache that stays,
a smaller image; spare capacity where latency matters more than money.
What is not known: how much of a start can be had faster, so no saving is promised. Karpenter's own histogram of starts
ends at 600 s and its summary cannot be merged; neither is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.advice.case import Case, Lot
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.finding import Declined, Evidence, Resource
from analyzer.advice.quoting import sql_is
from analyzer.advice.rule import Rule
from analyzer.advice.settings import Settings, Where
from analyzer.advice.words import several
from analyzer.ledger.states import HELD_STARTING
from analyzer.report.look import dollars, span
from exporters.canonical import nodes, pods

_NO_SAVING = "shorter starts save a part of it, and nothing tells how large a part"


@dataclass(frozen=True, slots=True)
class Starts:
    """Starts of one workload's pods in the window."""

    count: int
    mean_seconds: float  # of one pod
    steps: str  # the longest step, where somebody tells of steps


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each workload whose starts are long, or are a visible share of the bill."""
    for holder in facts.holders:
        spent = holder.dollars.get(HELD_STARTING)
        starts = _starts(facts, holder)
        if not starts.count:
            continue
        thresholds = settings.at(Where(holder.cluster, namespace=holder.namespace, workload=holder.workload), rule.id)
        long = Limit.of(">=", "cold_start_seconds", thresholds)
        large = Limit.of(">=", "cold_start_spend_ratio", thresholds)
        share = (spent or 0.0) / facts.bill_dollars if facts.bill_dollars else 0.0
        if long.holds(starts.mean_seconds) or large.holds(share):
            yield _case(facts, holder, starts, spent, long if long.holds(starts.mean_seconds) else large)


def _starts(facts: Facts, holder: HolderFacts) -> Starts:
    """By the ledger's segments: each time that a pod began to be `held-starting`."""
    [(count, seconds)] = facts.rows(
        """
        WITH mine AS (
            SELECT s.pod, s.start_t, max(s.end_t) AS end_t FROM segment AS s
            JOIN pod_row AS w USING (pod) JOIN pod AS p USING (pod)
            WHERE s.state = 'held-starting' AND p.cluster = ? AND p.namespace = ? AND w.workload = ?
            GROUP BY s.pod, s.start_t
        ),
        linked AS (
            SELECT *, start_t > coalesce(max(end_t) OVER (
                PARTITION BY pod ORDER BY start_t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), -1) AS begins FROM mine
        ),
        numbered AS (SELECT *, sum(CAST(begins AS INTEGER)) OVER (PARTITION BY pod ORDER BY start_t) AS n FROM linked)
        SELECT count(*), avg(seconds) FROM (
            SELECT pod, n, (max(end_t) - min(start_t)) / 1e6 AS seconds, min(start_t) AS begin_t FROM numbered
            GROUP BY pod, n
        ) WHERE begin_t > ?
        """,
        holder.cluster,
        holder.namespace,
        holder.workload,
        facts.window.start,
    )
    return Starts(count, seconds or 0.0, _longest_step(facts, holder))


def _longest_step(facts: Facts, holder: HolderFacts) -> str:
    if not facts.answered(pods.start_seconds):
        return ""
    table = facts.table(pods.start_seconds)
    rows = facts.rows(
        f"""
        WITH told AS (
            SELECT s.step, avg(x.value) AS seconds FROM {table} AS x JOIN {table}_series AS s USING (series)
            JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
            JOIN pod_row AS w ON w.pod = p.pod
            WHERE p.cluster = ? AND p.namespace = ? AND w.workload = ? AND isfinite(x.value) GROUP BY s.step
        )
        SELECT step, seconds - coalesce(lag(seconds) OVER (ORDER BY seconds), 0) AS took FROM told ORDER BY took DESC
        """,
        holder.cluster,
        holder.namespace,
        holder.workload,
    )
    return f", most of it until {rows[0][0].replace('_', ' ')} ({span(rows[0][1])})" if rows else ""


def _case(facts: Facts, holder: HolderFacts, starts: Starts, spent: float | None, limit: Limit) -> Case:
    each = "its price is unknown" if spent is None else f"{dollars(spent / starts.count)} a start"
    return Case(
        resource=Resource(
            "workload",
            holder.name,
            f"team {holder.team}" if holder.team else f"namespace {holder.namespace}",
            cluster=holder.cluster,
            namespace=holder.namespace,
            workload=holder.workload,
            model=holder.model,
            team=holder.team,
        ),
        headline=f"{holder.name} started {starts.count} times in {span(facts.window.seconds)},"
        f" {span(starts.mean_seconds)} each on {several(holder.devices, 'accelerator')}: {each}{starts.steps}",
        remedy=f"have image, weights and compile cache on the node before the pod; it costs {dollars(spent or 0.0)}"
        " in the window",
        evidence=_evidence(facts, holder, starts, limit),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=sum(holder.dollars.values()) if holder.is_priced else None,
        wasted={
            Lot(holder.cluster, node, holder.namespace, holder.workload, HELD_STARTING): amount
            for node, amount in _by_node(facts, holder)
        },
        no_saving=_NO_SAVING,
        samples=facts.samples(pods.ready, cluster=holder.cluster, namespace=holder.namespace),
        coverage=facts.coverage(_rows(holder)),
        risk="low",
    )


def _by_node(facts: Facts, holder: HolderFacts) -> list[tuple[str, float | None]]:
    rows = facts.rows(
        f"SELECT node, CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END FROM ledger"
        f" WHERE state = '{HELD_STARTING}' AND {_rows(holder)} GROUP BY node ORDER BY node"
    )
    return [(node, amount) for node, amount in rows]


def _evidence(facts: Facts, holder: HolderFacts, starts: Starts, limit: Limit) -> tuple[Evidence, ...]:
    seconds = f"SELECT sum(seconds) / {starts.count * max(holder.devices, 1e-9)!r} FROM ledger"
    share = f"SELECT sum(dollars) FILTER ({_rows(holder)} AND state = '{HELD_STARTING}') / sum(dollars) FROM ledger"
    mean = f"{seconds} WHERE state = '{HELD_STARTING}' AND {_rows(holder)}"
    is_long = limit.name == "cold_start_seconds"
    return (
        from_ledger(facts, "mean time of a start", mean, "seconds", limit if is_long else None),
        from_ledger(facts, "starts' share of the bill", share, "ratio", None if is_long else limit),
    )


def _rows(holder: HolderFacts) -> str:
    return (
        f"{sql_is('cluster', holder.cluster)} AND {sql_is('namespace', holder.namespace)}"
        f" AND {sql_is('workload', holder.workload)}"
    )


rule = Rule(
    id="A4",
    name="cold-start-cost",
    title="Long or frequent starts",
    version=1,
    signals=(pods.ready, pods.created_seconds, pods.scheduled_seconds, pods.start_seconds, nodes.start_seconds),
    needs=(pods.ready,),
    thresholds=("cold_start_seconds", "cold_start_spend_ratio"),
    judge=judge,
    remedy="run kube-state-metrics, so that pods that are not Ready can be told",
)

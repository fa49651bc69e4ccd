"""Which part of a workload may be interrupted and started again."""

from __future__ import annotations

from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.settings import Settings, Where
from exporters.canonical import pods

_BATCH_OWNERS = ("Job", "JobSet", "CronJob", "Workflow")


def interruptible_share(facts: Facts, holder: HolderFacts, settings: Settings) -> tuple[float, str]:
    """The share of its accelerator-hours, and why; 0 where it may not be interrupted or nothing says so."""
    if _owner_kind(facts, holder) in _BATCH_OWNERS:
        return 1.0, "a job"
    if not holder.model:
        return 0.0, ""
    where = Where(holder.cluster, namespace=holder.namespace, team=holder.team, workload=holder.workload)
    kept = settings.at(where, "G2").least_replicas
    replicas = _replicas(facts, holder)
    if replicas <= kept:
        return 0.0, ""
    return (replicas - kept) / replicas, f"{replicas - kept:.0f} of {replicas:.0f} replicas"


def _owner_kind(facts: Facts, holder: HolderFacts) -> str:
    tables = [facts.table(metric) for metric in (pods.pod_info, pods.owner_info) if facts.answered(metric)]
    for table in tables:
        rows = facts.rows(
            f"""
            SELECT s.owner_kind FROM {table}_series AS s
            JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
            JOIN pod_row AS w ON w.pod = p.pod
            WHERE p.cluster = ? AND p.namespace = ? AND w.workload = ? AND s.owner_kind <> '' LIMIT 1
            """,
            holder.cluster,
            holder.namespace,
            holder.workload,
        )
        if rows:
            return str(rows[0][0])
    return ""


def _replicas(facts: Facts, holder: HolderFacts) -> float:
    """Serving groups that held devices at once, on average over the cells in which any did."""
    return (
        facts.number(
            """
            SELECT avg(n) FROM (
                SELECT l.start, count(DISTINCT p.serving_group) AS n FROM ledger AS l
                JOIN pod AS p ON p.cluster = l.cluster AND p.namespace = l.namespace AND p.name = l.pod
                WHERE l.cluster = ? AND l.namespace = ? AND l.workload = ? GROUP BY l.start
            )
            """,
            holder.cluster,
            holder.namespace,
            holder.workload,
        )
        or 0.0
    )

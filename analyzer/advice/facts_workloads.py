"""Workloads as findings speak of them: whom to ask, which rows of the ledger are theirs, what of them cost how much."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.advice.case import Lot
from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.finding import Resource
from analyzer.advice.patch import Target
from analyzer.advice.quoting import promql_text, sql_is
from analyzer.advice.settings import Where
from exporters.canonical import pods

IDLE, REPLICAS, OUTPUT = "idle", "replicas", "output"  # parts of a lot, by what is wasted in it
_KINDS = {"ReplicaSet": "Deployment", "Deployment": "Deployment", "StatefulSet": "StatefulSet"}


def where_of(holder: HolderFacts) -> Where:
    """A workload as settings match it."""
    return Where(
        holder.cluster,
        namespace=holder.namespace,
        team=holder.team,
        workload=holder.workload,
        model=holder.model,
        instance_type=holder.instance_types[0] if len(holder.instance_types) == 1 else "",
    )


def resource_of(holder: HolderFacts) -> Resource:
    """A workload as a finding names it; without a team's label the namespace is whom to ask."""
    return Resource(
        "workload",
        holder.name,
        f"team {holder.team}" if holder.team else f"namespace {holder.namespace}",
        cluster=holder.cluster,
        namespace=holder.namespace,
        workload=holder.workload,
        model=holder.model,
        team=holder.team,
    )


def rows_of(holder: HolderFacts) -> str:
    """SQL over `ledger`: the rows of a workload."""
    return (
        f"{sql_is('cluster', holder.cluster)} AND {sql_is('namespace', holder.namespace)}"
        f" AND {sql_is('workload', holder.workload)}"
    )


def cost_of(holder: HolderFacts) -> float | None:
    """What it cost in the window; None where a part of it has no price."""
    return sum(holder.dollars.values()) if holder.is_priced else None


def dollars_by_node(
    facts: Facts, holder: HolderFacts, where: str, part: str, share: float = 1.0
) -> dict[Lot, float | None]:
    """A share of what the workload's rows of `where` cost, by node; None for a node without a price."""
    rows = facts.rows(
        f"SELECT node, CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END FROM ledger"
        f" WHERE {rows_of(holder)} AND ({where}) GROUP BY node ORDER BY node"
    )
    return {
        Lot(holder.cluster, node, holder.namespace, holder.workload, part): None if cost is None else share * cost
        for node, cost in rows
    }


def scalable(facts: Facts, holder: HolderFacts) -> Target | None:
    """The object whose replicas are the workload's pods; None where that is no Deployment or StatefulSet."""
    kind = next((_KINDS[one] for one in _owner_kinds(facts, holder) if one in _KINDS), "")
    return Target(kind, "apps/v1", holder.workload, holder.namespace) if kind else None


def replicas_query(target: Target) -> str:
    """PromQL for the replicas of a Deployment or a StatefulSet."""
    kind = target.kind.lower()
    labels = f"namespace={promql_text(target.namespace)}, {kind}={promql_text(target.name)}"
    name = "kube_deployment_status_replicas" if kind == "deployment" else "kube_statefulset_status_replicas"
    return f"sum({name}{{{labels}}})"


def shared_rows(facts: Facts, holder: HolderFacts) -> bool:
    """Whether some of what it did is apportioned: its devices are shared and processes are not measured."""
    return bool(facts.number(f"SELECT bool_or(apportioned)::INT FROM ledger WHERE {rows_of(holder)}"))


def _owner_kinds(facts: Facts, holder: HolderFacts) -> Iterable[str]:
    for metric in (pods.pod_info, pods.owner_info):
        if facts.answered(metric):
            table = facts.table(metric)
            yield from (
                kind
                for (kind,) in facts.rows(
                    f"""
                    SELECT DISTINCT s.owner_kind FROM {table}_series AS s
                    JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod
                    JOIN pod_row AS w USING (pod)
                    WHERE p.cluster = ? AND p.namespace = ? AND w.workload = ? AND s.owner_kind <> '' ORDER BY 1
                    """,
                    holder.cluster,
                    holder.namespace,
                    holder.workload,
                )
            )

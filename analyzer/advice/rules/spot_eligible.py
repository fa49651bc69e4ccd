"""G2: interruptible work on on-demand nodes, where spot is cheaper.

What it means: jobs, and replicas of a server beyond those kept for availability, can be interrupted and started again;
they ran on demand for a day or more, and spot costs less for several instance types that fit.
What to do: a NodePool of its own for spot, with a taint that only such work tolerates; drain within two minutes.
What it is not: work for which only one instance type fits (interruptions then come together), work whose capacity is
committed at less than the spot price, a spot price that Karpenter has not read yet (0, or equal to on demand).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.advice.case import Case, Lot
from analyzer.advice.evidence import Limit, from_ledger, from_series
from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.finding import Declined, Evidence, Resource, Verify
from analyzer.advice.interruptible import interruptible_share
from analyzer.advice.quoting import promql_text, sql_is
from analyzer.advice.rule import Rule, declined
from analyzer.advice.settings import Settings, Where
from analyzer.advice.spot import SpotPrices, spot_pool, spot_prices
from analyzer.advice.thresholds import Thresholds
from analyzer.advice.words import dollars_per_week, hours
from analyzer.pricing.price import ON_DEMAND
from exporters.canonical import nodes, pods

_WAIT_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    holder: HolderFacts
    why: str  # why it can be interrupted
    share: float  # of its accelerator-hours
    dollars: dict[Lot, float | None]  # what they cost on demand, by node


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each workload that can be interrupted and is bought on demand."""
    prices = spot_prices(facts)
    for holder in facts.holders:
        share, why = interruptible_share(facts, holder, settings)
        if not share:
            continue
        where = Where(holder.cluster, namespace=holder.namespace, team=holder.team, workload=holder.workload)
        thresholds = settings.at(where, rule.id)
        on_demand = Limit.of(">=", "spot_least_hours", thresholds)
        spent = _on_demand(facts, holder, share)
        evidence = from_ledger(facts, "hours on demand", _hours_sql(holder), "hours", on_demand)
        if not spent or evidence.value is None or not on_demand.holds(evidence.value):
            continue
        candidate = _Candidate(holder, why, share, spent)
        cheaper = prices.cheaper(holder.instance_types, thresholds)
        if why_not := _refusal(prices, holder, cheaper, thresholds):
            yield declined(rule, why_not, holder.name, sum(one or 0.0 for one in spent.values()))
        else:
            yield _case(facts, candidate, prices, cheaper, evidence)


def _refusal(prices: SpotPrices, holder: HolderFacts, cheaper: list[str], thresholds: Thresholds) -> str:
    if not any(one in prices.ratio for one in holder.instance_types):
        return "no spot price is known for its instance types"
    if not any(one in cheaper for one in holder.instance_types):
        return "spot is not cheaper than what is paid"
    if len(cheaper) < thresholds.spot_least_types:
        return f"only {', '.join(cheaper)} fits: its interruptions would come together"
    return ""


def _on_demand(facts: Facts, holder: HolderFacts, share: float) -> dict[Lot, float | None]:
    rows = facts.rows(
        f"SELECT node, CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END FROM ledger"
        f" WHERE {_rows(holder)} AND capacity_type = '{ON_DEMAND}' GROUP BY node ORDER BY node"
    )
    return {
        Lot(holder.cluster, node, holder.namespace, holder.workload, "price"): None if cost is None else share * cost
        for node, cost in rows
    }


def _case(facts: Facts, candidate: _Candidate, prices: SpotPrices, cheaper: list[str], evidence: Evidence) -> Case:
    holder = candidate.holder
    ratio = max(prices.ratio[one] for one in holder.instance_types if one in cheaper)
    saves = {lot: None if cost is None else cost * (1 - ratio) for lot, cost in candidate.dollars.items()}
    saved = None if None in saves.values() else sum(one or 0.0 for one in saves.values())
    pool = spot_pool(facts, holder, cheaper, rule.id)
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
        headline=f"{holder.name} ({candidate.why}) ran {hours(evidence.value or 0.0)} on demand on"
        f" {', '.join(holder.instance_types)}, where spot costs {ratio:.0%} of it",
        remedy=f"give it spot nodes of {', '.join(cheaper[:3])}: saves {dollars_per_week(saved, facts)} before"
        " interruptions",
        evidence=(evidence, _price_evidence(facts, holder, ratio)),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=sum(holder.dollars.values()) if holder.is_priced else None,
        wasted=saves,
        saves=saves,
        coverage=facts.coverage(_rows(holder)),
        doubts=("interruptions cost the work since the last checkpoint; none of that is taken off",),
        risk="high",
        risk_reasons=("spot nodes are taken away with two minutes' notice",),
        artifacts=pool,
        verify=Verify(
            f'sum(kube_pod_status_ready{{namespace={promql_text(holder.namespace)}, condition="true"}})',
            "promql",
            _WAIT_SECONDS,
            "as many ready pods as before, and the report's bill of the workload lower by the saving",
        ),
    )


def _price_evidence(facts: Facts, holder: HolderFacts, ratio: float) -> Evidence:
    name = "karpenter_cloudprovider_instance_type_offering_price_estimate"
    kind = f"instance_type={promql_text(holder.instance_types[0])}"
    query = f'min({name}{{capacity_type="spot", {kind}}} > 0) / min({name}{{capacity_type="on-demand", {kind}}} > 0)'
    source = facts.answered(nodes.offering_dollars_per_hour)
    return from_series("spot price over on-demand price", query, ratio, source, "ratio")


def _hours_sql(holder: HolderFacts) -> str:
    return f"SELECT count(DISTINCT start) / 12 FROM ledger WHERE {_rows(holder)} AND capacity_type = '{ON_DEMAND}'"


def _rows(holder: HolderFacts) -> str:
    return (
        f"{sql_is('cluster', holder.cluster)} AND {sql_is('namespace', holder.namespace)}"
        f" AND {sql_is('workload', holder.workload)}"
    )


rule = Rule(
    id="G2",
    name="spot-eligible",
    title="Interruptible work on demand",
    version=1,
    signals=(
        nodes.node_shape_info,
        nodes.offering_dollars_per_hour,
        nodes.offering_available,
        nodes.interruptions_total,
        nodes.nodepool_info,
        pods.pod_info,
        pods.owner_info,
    ),
    needs=(nodes.offering_dollars_per_hour,),
    thresholds=("spot_least_hours", "spot_least_types", "spot_price_ratio", "least_replicas"),
    judge=judge,
    remedy="scrape Karpenter's metrics: its offerings have the spot prices",
)

"""H2: nodes whose price is unknown, or too old to save by.

What it means: a price that is missing or 0 is unknown, never free, and one of months ago is a guess. What is held and
wasted is still known in hours; savings on these nodes are withheld.
What to do: let a source of prices answer: `gpuyield prices refresh`, Karpenter's metrics, a rate card (`--prices`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from analyzer.advice.case import Case
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts, NodeFacts, cost_of
from analyzer.advice.finding import Declined, Evidence, Resource
from analyzer.advice.pools import rows_of, where_of_node
from analyzer.advice.rule import Rule
from analyzer.advice.savings import price_age_days
from analyzer.advice.settings import Settings
from analyzer.advice.words import several
from analyzer.report.look import dollars
from exporters.canonical import nodes

_WITHHELD = "a price is missing"


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each instance type without a price, and one for each source whose prices are old."""
    unknown: dict[tuple[str, str], list[NodeFacts]] = defaultdict(list)
    stale: dict[tuple[str, str], list[tuple[NodeFacts, Limit]]] = defaultdict(list)
    for one in facts.nodes:
        limit = Limit.of("<=", "price_age_days", settings.at(where_of_node(one), rule.id))
        if one.cost_dollars is None:
            unknown[(one.node.cluster, one.node.shape.instance_type)].append(one)
        elif not limit.holds(price_age_days(one.node, facts.window.end)):
            stale[(one.node.cluster, _source(one))].append((one, limit))
    for (cluster, instance_type), members in unknown.items():
        yield _unknown(facts, cluster, instance_type, members)
    for (cluster, source), told in stale.items():
        yield _stale(facts, cluster, source, [one for one, _ in told], told[0][1])


def _source(one: NodeFacts) -> str:
    spells = one.node.prices.spells(one.node.start, one.node.end)
    return min((price for _, _, price in spells if price), key=lambda price: price.as_of).source


def _unknown(facts: Facts, cluster: str, instance_type: str, members: Sequence[NodeFacts]) -> Case:
    names = {one.node.name for one in members}
    title = instance_type or "an unknown instance type"
    return Case(
        resource=_resource("price", cluster, title, instance_type),
        headline=f"{title} has no price: {several(len(members), 'node')} and"
        f" {sum(one.hours * one.devices for one in members):,.0f} accelerator-hours are outside the bill",
        remedy="give its price in a rate card (--prices FILE); no saving is told for it until then",
        evidence=(
            from_ledger(
                facts,
                "accelerator-hours without a price",
                f"SELECT sum(seconds) / 3600 FROM ledger WHERE dollars IS NULL AND {rows_of(cluster, names)}",
                "hours",
            ),
        ),
        used=(nodes.node_shape_info,) if facts.answered(nodes.node_shape_info) else (),
        cost_dollars=None,
        no_saving=_WITHHELD,
    )


def _stale(facts: Facts, cluster: str, source: str, members: Sequence[NodeFacts], limit: Limit) -> Case:
    days = max(price_age_days(one.node, facts.window.end) for one in members)
    spent = cost_of(members) or 0.0
    return Case(
        resource=_resource("price", cluster, source, "", source),
        headline=f"prices of {source} are {days:.0f} days old: savings on {dollars(spent)} of the bill are withheld",
        remedy="let newer prices answer: gpuyield prices refresh, Karpenter's metrics, or a rate card (--prices FILE)",
        evidence=(_age(source, days, limit),),
        used=(nodes.node_shape_info,) if facts.answered(nodes.node_shape_info) else (),
        cost_dollars=spent,
        no_saving=_WITHHELD,
        stake_dollars=spent,
    )


def _age(source: str, days: float, limit: Limit) -> Evidence:
    return Evidence(
        "age of its oldest price",
        "gpuyield prices list",
        "command",
        days,
        "days",
        ">",
        limit.value,
        limit.name,
        -(limit.distance(days) or 0.0),
        source,
    )


def _resource(kind: str, cluster: str, title: str, instance_type: str, source: str = "") -> Resource:
    return Resource(
        kind, title, "whoever keeps the price book", cluster=cluster, instance_type=instance_type, device=source
    )


rule = Rule(
    id="H2",
    name="price-unknown-or-stale",
    title="Prices that are missing or old",
    version=1,
    signals=(nodes.node_shape_info, nodes.offering_dollars_per_hour),
    needs=(),
    thresholds=("price_age_days",),
    judge=judge,
)

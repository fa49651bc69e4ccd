"""G1: on-demand nodes that run all the time, and what a commitment would make of them.

What it means: for a level of use that is reached in most hours, a commitment (Savings Plan, reservation, Capacity
Block) costs less than on demand. The whole curve is given, not one number.
What to do: ask for a quote; the price ratio that is assumed here is public folklore, not yours.
What it is not: a reason to commit before a move to other hardware or a smaller model, or while prices fall.
Never applied by a machine: it is for years and has no way back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from analyzer.advice.case import Case, Lot
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import Facts, NodeFacts
from analyzer.advice.finding import Declined, Resource
from analyzer.advice.quoting import sql_is
from analyzer.advice.rule import Rule, declined
from analyzer.advice.settings import Settings, Where
from analyzer.advice.thresholds import Thresholds
from analyzer.advice.words import dollars_per_week, several
from analyzer.pricing.price import ON_DEMAND
from analyzer.report.look import dollars
from exporters.canonical import nodes

_SHOWN = 6  # levels of the curve that a sentence names


@dataclass(frozen=True, slots=True)
class Curve:
    """Dollars of the window that a commitment to so many nodes would save; below 0 it costs more."""

    saved: Mapping[int, float]

    @property
    def best(self) -> int:
        return max(self.saved, key=lambda level: self.saved[level])

    @property
    def words(self) -> str:
        near = sorted(self.saved, key=lambda level: abs(level - self.best))[:_SHOWN]
        return ", ".join(f"{level}: {dollars(self.saved[level])}" for level in sorted(near))


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each instance type and region with a steady part."""
    groups: dict[tuple[str, str], list[NodeFacts]] = defaultdict(list)
    for one in facts.nodes:
        if one.node.shape.capacity_type == ON_DEMAND and not one.is_reserved:
            groups[(one.node.shape.instance_type, one.node.shape.region)].append(one)
    if facts.hours < settings.at(Where(), rule.id).steady_hours:
        spent = sum(one.cost_dollars or 0.0 for members in groups.values() for one in members)
        yield declined(rule, _short(facts, settings.at(Where(), rule.id)), dollars=spent)
        return
    for (instance_type, region), members in sorted(groups.items()):
        thresholds = settings.at(Where(instance_type=instance_type), rule.id)
        title = f"{instance_type or 'unknown type'}{f' in {region}' if region else ''}"
        if why := _refusal(members):
            yield declined(rule, why, title, sum(one.cost_dollars or 0.0 for one in members))
            continue
        curve = commitment_curve(
            _use(facts, instance_type, members), _price(members), thresholds.commitment_price_ratio
        )
        if curve.best > 0:
            yield _case(facts, title, members, curve, thresholds)


def commitment_curve(use: list[float], dollars_per_hour: float, price_ratio: float) -> Curve:
    """Over all hours: what the commitment takes off the on-demand bill, less what it costs itself."""
    levels = range(int(max(use, default=0.0)) + 1)
    return Curve(
        {
            level: sum(min(hour, level) for hour in use) * dollars_per_hour
            - level * price_ratio * dollars_per_hour * len(use)
            for level in levels
        }
    )


def _short(facts: Facts, thresholds: Thresholds) -> str:
    return f"{thresholds.steady_hours / 24:.0f} days of history are needed, and {facts.hours / 24:.1f} were read"


def _refusal(members: list[NodeFacts]) -> str:
    if any(one.cost_dollars is None for one in members):
        return "its price is unknown (H2)"
    if any(_falls(one) for one in members):
        return "its price fell in the window: wait before committing"
    return ""


def _falls(one: NodeFacts) -> bool:
    prices = [price for _, _, price in one.node.prices.spells(one.node.start, one.node.end) if price]
    return any(later.dollars_per_hour < before.dollars_per_hour for before, later in pairwise(prices))


def _price(members: list[NodeFacts]) -> float:
    return sum(one.cost_dollars or 0.0 for one in members) / sum(one.hours for one in members)


def _use(facts: Facts, instance_type: str, members: list[NodeFacts]) -> list[float]:
    """Nodes at each hour of the window; hours without any are 0."""
    first, last = facts.window.start // 3_600_000_000, (facts.window.end - 1) // 3_600_000_000
    use = dict.fromkeys(range(first, last + 1), 0.0)
    names = {(one.node.cluster, one.node.name) for one in members}
    rows = facts.rows(
        """
        SELECT cluster, node, hour, sum(seconds) FROM lot_hour WHERE instance_type = ? AND node <> '' GROUP BY ALL
        """,
        instance_type,
    )
    devices = {(one.node.cluster, one.node.name): one.devices for one in members}
    for cluster, node, hour, seconds in rows:
        if (cluster, node) in names:
            use[int(hour) // 3600] += seconds / 3600 / devices[(cluster, node)]
    return list(use.values())


def _case(facts: Facts, title: str, members: list[NodeFacts], curve: Curve, thresholds: Thresholds) -> Case:
    saved = curve.saved[curve.best]
    cost = sum(one.cost_dollars or 0.0 for one in members)
    share = saved / cost
    lots = {Lot(one.node.cluster, one.node.name, part="price"): share * (one.cost_dollars or 0.0) for one in members}
    one_type = members[0].node.shape.instance_type
    return Case(
        resource=Resource("instance-type", title, "whoever buys capacity", instance_type=one_type),
        headline=f"{title}: {several(curve.best, 'on-demand node')} run nearly all the time"
        f" ({dollars(cost / facts.hours)}/h on demand in all)",
        remedy=f"ask for a quote for {curve.best}: at {thresholds.commitment_price_ratio:.0%} of the on-demand price it"
        f" saves {dollars_per_week(saved, facts)} (by nodes committed: {curve.words})",
        evidence=(
            from_ledger(
                facts,
                "hours of history",
                'SELECT (max(epoch("end")) - min(epoch(start))) / 3600 FROM ledger',
                limit=Limit.of(">=", "steady_hours", thresholds),
            ),
            from_ledger(
                facts,
                "mean on-demand nodes",
                f"SELECT count(DISTINCT (node, start)) / {facts.window.cells} FROM ledger"
                f" WHERE capacity_type = 'on-demand' AND {sql_is('instance_type', one_type)}",
                "nodes",
            ),
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=cost,
        wasted=lots,
        saves=lots,
        coverage=1.0,
        doubts=("the committed price is an assumption until somebody quotes it",),
        risk="high",
        risk_reasons=("years without a way back", "hardware, models and prices change before it ends"),
        is_reversible=False,
    )


rule = Rule(
    id="G1",
    name="steady-on-demand",
    title="On-demand nodes that never stop",
    version=1,
    signals=(nodes.node_info, nodes.node_shape_info),
    needs=(nodes.node_shape_info,),
    thresholds=("steady_hours", "commitment_price_ratio"),
    judge=judge,
    remedy="read a longer window (--since 30d), and let something tell of capacity types (Karpenter, node labels)",
)

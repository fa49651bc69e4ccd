"""A5: reserved capacity that nobody uses, and reserved nodes that stand empty.

What it means: a reservation or Capacity Block is paid for, used or not. Unused, its dollars are sunk: cancelling work
or letting nodes go saves nothing. Filling it does, where the same type is bought on demand at the same time.
What to do: let the NodePool take reserved capacity first (EC2NodeClass `capacityReservationSelectorTerms`, requirement
`karpenter.sh/capacity-type In [reserved, on-demand]`); keep reserved nodes in a pool that never lets them go; make the
reservation smaller. Capacity Blocks end on time: EC2 takes instances 30 minutes before.
What it is not: capacity kept for disaster recovery or a launch day, with an owner and an end date (acknowledge it).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from analyzer.advice.case import Case, Lot
from analyzer.advice.disruption import keeping_reserved
from analyzer.advice.evidence import Limit, from_ledger
from analyzer.advice.facts import EmptySpell, Facts, cost_of, empty_spells_sql
from analyzer.advice.finding import Declined, Resource
from analyzer.advice.on_demand import OnDemand, on_demand_beside
from analyzer.advice.pools import PoolName, pool_of, rows_of, types_of, where_of_node
from analyzer.advice.quoting import sql_is
from analyzer.advice.rule import Rule
from analyzer.advice.settings import Settings, Where
from analyzer.advice.words import dollars_per_week, hours, several
from analyzer.ledger.reserved import Unlaunched
from analyzer.ledger.states import RESERVED_UNLAUNCHED
from exporters.canonical import nodes, pods

_SUNK = "reserved: it is paid for, used or not"


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """Reservations that nobody launched in, and reserved nodes without holders."""
    yield from _unlaunched(facts, settings)
    yield from _empty(facts, settings)


def _unlaunched(facts: Facts, settings: Settings) -> Iterator[Case]:
    by_id: dict[str, list[Unlaunched]] = defaultdict(list)
    for spell in facts.ledger.unlaunched:
        by_id[spell.reservation.id].append(spell)
    for several_spells in by_id.values():
        one = several_spells[0].reservation
        thresholds = settings.at(Where(instance_type=one.instance_type), rule.id)
        unused = sum(spell.instances * (spell.end - spell.start) for spell in several_spells) / 3.6e9
        paid = one.count * sum(spell.end - spell.start for spell in several_spells) / 3.6e9
        idle = max(spell.end for spell in several_spells) - min(spell.start for spell in several_spells)
        used = Limit.of("<", "reservation_used_ratio", thresholds)
        if used.holds(1 - unused / paid) and idle / 3.6e9 >= thresholds.reservation_idle_hours:
            yield _reservation(facts, several_spells, unused, used)


def _reservation(facts: Facts, spells: Sequence[Unlaunched], unused_hours: float, limit: Limit) -> Case:
    one = spells[0].reservation
    price = one.price.dollars_per_hour if one.price else None
    beside = on_demand_beside(facts, one.instance_type, one.region, unused_hours)
    sunk = None if price is None else price * unused_hours
    row = f"state = '{RESERVED_UNLAUNCHED}' AND {sql_is('instance_type', one.instance_type)}"
    return Case(
        resource=Resource(
            "reservation",
            f"reservation {one.id}",
            f"reservation {one.id}",
            instance_type=one.instance_type,
            device=one.id,
        ),
        headline=f"reservation {one.id} ({several(one.count, one.instance_type)}) left"
        f" {hours(unused_hours)} of instances unused: {dollars_per_week(sunk, facts)} sunk",
        remedy=_filling(facts, beside, one.instance_type),
        evidence=(
            from_ledger(
                facts,
                "accelerator-hours never launched",
                f"SELECT sum(seconds) / 3600 FROM ledger WHERE {row}",
                "hours",
            ),
            from_ledger(
                facts,
                "share of the type's reserved time that was launched",
                "SELECT 1 - coalesce(sum(seconds) FILTER (state = 'reserved-unlaunched'), 0) / sum(seconds) FROM ledger"
                " WHERE capacity_type IN ('reserved', 'capacity-block')"
                f" AND {sql_is('instance_type', one.instance_type)}",
                "ratio",
                limit,
            ),
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=sunk,
        wasted={Lot("", one.id, part=RESERVED_UNLAUNCHED): sunk},
        saves=beside.saves,
        opportunity=bool(beside.saves),
        no_saving="" if beside.saves else _SUNK,
        coverage=1.0,
        risk="low",
    )


def _empty(facts: Facts, settings: Settings) -> Iterator[Case]:
    found: dict[PoolName, list[EmptySpell]] = defaultdict(list)
    limits: dict[PoolName, Limit] = {}
    for spell in facts.empty_spells:
        limit = Limit.of(">=", "empty_node_hours", settings.at(where_of_node(spell.node), rule.id))
        if spell.node.is_reserved and limit.holds(spell.hours):
            pool = pool_of(spell.node)
            found[pool].append(spell)
            limits[pool] = limit
    for pool, spells in found.items():
        yield _empty_pool(facts, pool, spells, limits[pool])


def _empty_pool(facts: Facts, pool: PoolName, spells: Sequence[EmptySpell], limit: Limit) -> Case:
    inside = {one.node.node.name: one.node for one in spells}
    unused = sum(one.hours for one in spells)
    shape = spells[0].node.node.shape
    beside = on_demand_beside(facts, shape.instance_type, shape.region, unused)
    where = rows_of(pool.cluster, inside)
    keep = keeping_reserved(pool.pool, rule.id) if (pool.cluster, pool.pool) in facts.karpenter_pools else None
    return Case(
        resource=pool.resource,
        headline=f"{pool.title}: {several(len(inside), 'reserved node')} ({types_of(inside.values())}) stood empty for"
        f" {hours(unused)} in all; letting them go saves nothing",
        remedy=_filling(facts, beside, shape.instance_type),
        evidence=(
            from_ledger(
                facts,
                "longest time without a holder",
                f"SELECT max(end_s - start_s) / 3600 FROM ({empty_spells_sql(where)})",
                limit=limit,
            ),
        ),
        used=tuple(metric for metric in rule.signals if facts.answered(metric)),
        cost_dollars=cost_of(inside.values()),
        wasted={Lot(one.node.node.cluster, one.node.node.name): one.dollars for one in spells},
        saves=beside.saves,
        opportunity=bool(beside.saves),
        no_saving="" if beside.saves else _SUNK,
        samples=sum(facts.samples(nodes.allocatable, cluster=pool.cluster, node=name) for name in inside),
        coverage=facts.coverage(where),
        risk="low",
        risk_reasons=("a reserved node that is let go may not come back",),
        artifacts=(keep,) if keep else (),
    )


def _filling(facts: Facts, beside: OnDemand, instance_type: str) -> str:
    if not beside.saves:
        return f"put work on it that would else need {instance_type}, or make the reservation smaller when it ends"
    return (
        f"move what runs on demand on {', '.join(beside.nodes[:2])} ({instance_type}) into it:"
        f" saves {dollars_per_week(beside.dollars, facts)}"
    )


rule = Rule(
    id="A5",
    name="reserved-capacity-idle",
    title="Reserved capacity that is not used",
    version=1,
    signals=(nodes.node_shape_info, nodes.allocatable, pods.requested, nodes.reservation_info),
    needs=(nodes.node_info,),
    thresholds=("reservation_used_ratio", "reservation_idle_hours", "empty_node_hours"),
    judge=judge,
    remedy="run kube-state-metrics; ask EC2 for reservations (--ask-aws), or name them in a rate card (--prices)",
)

"""What releasing devices saves: holders are packed again, hour by hour, and nodes that are then empty go.

A device that is freed on a node that stays saves nothing. Holders move only among nodes of their own pool, instance
type and capacity type, largest first; a pod stays on one node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.advice.case import Release

if TYPE_CHECKING:  # facts hand out the repacking
    from analyzer.advice.facts import Facts

Workload = tuple[str, str, str]  # cluster, namespace, workload
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Pool:
    """Nodes that can stand for one another."""

    cluster: str
    nodepool: str
    instance_type: str
    capacity_type: str
    devices: int  # of one node
    is_reserved: bool


@dataclass(frozen=True, slots=True)
class Spare:
    """Node-hours that no holder needs, and their dollars; None where a price is unknown."""

    node_hours: float
    dollars: float | None


@dataclass(slots=True)
class _Hour:
    """One hour of a pool: node-hours and their dollars, and what each pod of a workload held at its peak."""

    node_hours: float = 0.0
    dollars: float | None = 0.0
    held: dict[Workload, list[float]] = field(default_factory=lambda: defaultdict(list))


class Repacking:
    """The demand of one ledger, read once; asked as often as one likes."""

    def __init__(self, facts: Facts) -> None:
        self._pools = {
            (one.node.cluster, one.node.name): _pool_of(facts, place) for place, one in facts.node_of.items()
        }
        self._hours: dict[Pool, dict[int, _Hour]] = defaultdict(lambda: defaultdict(_Hour))
        self._of_workload: dict[Workload, set[Pool]] = defaultdict(set)
        self._read(facts)

    def spare(self, releases: Sequence[Release] = ()) -> dict[Pool, Spare]:
        """What empties by packing all pools again, after the releases."""
        return {pool: self._spare(pool, releases) for pool in self._hours}

    def gained(self, release: Sequence[Release]) -> dict[Pool, float | None]:
        """What the releases add to what packing alone saves, in the pools that they concern."""
        wanted = {pool for one in release for pool in self._of_workload[(one.cluster, one.namespace, one.workload)]}
        found: dict[Pool, float | None] = {}
        for pool in wanted:
            before, after = self._spare(pool, ()).dollars, self._spare(pool, release).dollars
            found[pool] = None if before is None or after is None else after - before
        return found

    def _spare(self, pool: Pool, releases: Sequence[Release]) -> Spare:
        hours, dollars = 0.0, 0.0
        is_priced = True
        for start, hour in self._hours[pool].items():
            spare = hour.node_hours - nodes_needed(_left(hour.held, releases, start), pool.devices)
            if spare > _ROUNDING:
                hours += spare
                is_priced &= hour.dollars is not None
                dollars += spare / hour.node_hours * (hour.dollars or 0.0)
        return Spare(hours, dollars if is_priced else None)

    def _read(self, facts: Facts) -> None:
        nodes = facts.rows(
            """
            SELECT cluster, node, epoch(date_trunc('hour', start)) AS hour, count(DISTINCT start) / 12,
                CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END
            FROM ledger WHERE node <> '' GROUP BY ALL
            """
        )
        for cluster, node, hour, node_hours, dollars in nodes:
            one = self._hours[self._pools[(cluster, node)]][int(hour)]
            one.node_hours += node_hours
            one.dollars = None if dollars is None or one.dollars is None else one.dollars + dollars
        pods = facts.rows(
            """
            WITH cell AS (
                SELECT cluster, node, namespace, workload, pod, start, sum(seconds) / 300 AS devices
                FROM ledger WHERE pod <> '' GROUP BY ALL
            )
            SELECT cluster, node, namespace, workload, pod, epoch(date_trunc('hour', start)), max(devices)
            FROM cell GROUP BY ALL
            """
        )
        for cluster, node, namespace, workload, _, hour, devices in pods:
            pool, name = self._pools[(cluster, node)], (cluster, namespace, workload)
            self._hours[pool][int(hour)].held[name].append(devices)
            self._of_workload[name].add(pool)


def nodes_needed(sizes: Iterable[float], devices: int) -> int:
    """Nodes of so many devices that hold all pods, largest first into the fullest node where it fits."""
    left: list[float] = []
    for size in sorted(sizes, reverse=True):
        fitting = [place for place, room in enumerate(left) if room >= size - _ROUNDING]
        if fitting:
            tightest = min(fitting, key=lambda place: left[place])
            left[tightest] -= size
        else:
            left.append(devices - size)
    return len(left)


def _left(held: Mapping[Workload, Sequence[float]], releases: Sequence[Release], hour: int) -> list[float]:
    """What pods hold after the releases, the largest pods given back first."""
    here = [one for one in releases if one.hours is None or hour in one.hours]
    if not here:
        return [size for sizes in held.values() for size in sizes]
    found: list[float] = []
    for name, sizes in held.items():
        left = sorted(sizes, reverse=True)
        for one in here:
            if (one.cluster, one.namespace, one.workload) != name:
                continue
            if one.devices:
                left = [size - min(size, one.devices) for size in left]
            else:
                left = [] if one.pods is None else left[one.pods :]
        found += [size for size in left if size > _ROUNDING]
    return found


def _pool_of(facts: Facts, place: tuple[str, str]) -> Pool:
    here = facts.node_of[place]
    shape = here.node.shape
    pool = shape.nodepool or here.node.name  # a node of no pool stands for itself
    return Pool(place[0], pool, shape.instance_type, shape.capacity_type, here.devices, here.is_reserved)

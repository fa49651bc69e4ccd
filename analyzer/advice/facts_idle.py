"""When pods held devices and did nothing: whole cells in which every device of a pod was idle, without a break."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.advice.case import Lot
from analyzer.advice.facts import Facts, HolderFacts
from analyzer.advice.facts_workloads import IDLE, rows_of
from analyzer.ledger.states import HELD_IDLE

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class IdlePod:
    """One pod's idle spells that are long enough, as (start, end) in unix seconds, and the devices that it held."""

    pod: str
    spells: tuple[tuple[float, float], ...]
    devices: float

    @property
    def longest_hours(self) -> float:
        return max(end - start for start, end in self.spells) / _HOUR

    @property
    def idle_hours(self) -> float:
        return sum(end - start for start, end in self.spells) / _HOUR

    @property
    def hours(self) -> frozenset[int]:
        """The hours of the clock that are idle as a whole."""
        return frozenset(
            hour
            for start, end in self.spells
            for hour in range(-(-int(start) // _HOUR) * _HOUR, int(end) // _HOUR * _HOUR, _HOUR)
        )


def idle_sql(where: str, key: str) -> str:
    """Query over `ledger` of (key, start_s, end_s, devices): unbroken runs of cells in which all that the rows of
    `where` held was idle. What is unknown breaks a run."""
    return f"""
        WITH cell AS (
            SELECT {key} AS key, start, sum(seconds) / 300 AS devices, bool_and(state = '{HELD_IDLE}') AS idle
            FROM ledger WHERE {where} GROUP BY ALL
        ),
        run AS (
            SELECT *, epoch(start) - 300 * row_number() OVER (PARTITION BY key ORDER BY start) AS run
            FROM cell WHERE idle
        )
        SELECT key, min(epoch(start)) AS start_s, max(epoch(start)) + 300 AS end_s, max(devices) AS devices
        FROM run GROUP BY key, run
    """


def idle_pods(facts: Facts, holder: HolderFacts, least_hours: float, grace_seconds: float) -> list[IdlePod]:
    """The workload's pods that were idle for so long, the time just after their creation left out."""
    rows = facts.rows(
        f"""
        WITH spell AS ({idle_sql(rows_of(holder), "pod")}),
        made AS (
            SELECT p.name, max(b.birth) / 1e6 AS birth FROM pod_birth AS b JOIN pod AS p USING (pod)
            WHERE p.cluster = ? AND p.namespace = ? GROUP BY p.name
        )
        SELECT key, greatest(start_s, coalesce(birth + ?, start_s)) AS since, end_s, devices
        FROM spell LEFT JOIN made ON made.name = spell.key
        WHERE end_s - since >= ? * 3600 ORDER BY key, since
        """,
        holder.cluster,
        holder.namespace,
        grace_seconds,
        least_hours,
    )
    by_pod: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for pod, since, until, devices in rows:
        by_pod[pod].append((since, until, devices))
    return [
        IdlePod(pod, tuple((since, until) for since, until, _ in spells), max(devices for _, _, devices in spells))
        for pod, spells in by_pod.items()
    ]


def dollars_of(facts: Facts, holder: HolderFacts, pods: Iterable[IdlePod]) -> dict[Lot, float | None]:
    """What the idle spells cost, by node; None where a price is unknown."""
    found: dict[Lot, float | None] = {}
    for one in pods:
        for start, end in one.spells:
            rows = facts.rows(
                f"SELECT node, CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END FROM ledger"
                f" WHERE {rows_of(holder)} AND pod = ? AND epoch(start) >= ? AND epoch(start) < ? GROUP BY node",
                one.pod,
                start,
                end,
            )
            for node, cost in rows:
                lot = Lot(holder.cluster, node, holder.namespace, holder.workload, IDLE)
                before = found.get(lot, 0.0)
                found[lot] = None if cost is None or before is None else before + cost
    return found

"""What the devices of a pod did at most: the peak of their activity and of their power, over a spell or all the time.

Whether something can be taken away is judged by peaks; what it costs, by states.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.advice.facts import Facts
from analyzer.advice.facts_workloads import rows_of
from analyzer.advice.facts import HolderFacts
from analyzer.advice.thresholds import Thresholds
from exporters.canonical import device


@dataclass(frozen=True, slots=True)
class Peak:
    """Of one pod's device. None is what nothing told. `samples` are those of its activity."""

    pod: str
    node: str
    device: str
    hours: float  # held
    activity: float | None
    watts: float | None
    card: str
    samples: int
    is_direct: bool  # by the counters of its pipes, not by kernel time alone


def peaks(facts: Facts, holder: HolderFacts, since: float, until: float) -> list[Peak]:
    """Each device that the workload's pods held between two times (unix seconds), by pod."""
    rows = facts.rows(
        f"""
        WITH mine AS (
            SELECT pod, node, device AS name, sum(seconds) / 3600 AS hours, epoch_us(min(start)) AS start_t,
                epoch_us(max("end")) AS end_t
            FROM ledger WHERE {rows_of(holder)} AND epoch(start) >= ? AND epoch("end") <= ? GROUP BY ALL
        ),
        placed AS (
            SELECT m.*, u.device, u.mig FROM mine AS m JOIN unit_row AS r ON r.device_name = m.name
            JOIN unit AS u USING (unit)
        )
        SELECT p.pod, p.node, p.name, p.hours, max(coalesce(a.effective, a.busy)), ({_watts(facts)}), ({_card()}),
            count(coalesce(a.effective, a.busy)), coalesce(bool_or(a.effective IS NOT NULL), false)
        FROM placed AS p LEFT JOIN activity AS a
            ON a.device = p.device AND a.mig = p.mig AND a.t > p.start_t AND a.t <= p.end_t
        GROUP BY p.pod, p.node, p.name, p.hours, p.device, p.start_t, p.end_t ORDER BY p.pod, p.name
        """,
        since,
        until,
    )
    return [Peak(*row) for row in rows]


def idle_watts(peak: Peak, thresholds: Thresholds) -> tuple[str, float]:
    """The power above which this card is at work, by name and value."""
    name = "idle_power_watts_a10g" if "A10G" in peak.card else "idle_power_watts"
    return name, float(getattr(thresholds, name))


def all_zero(found: list[Peak]) -> bool:
    """Whether several devices told exactly 0 and nothing tells their power: a fault of the exporter looks the same."""
    return len(found) > 1 and all(one.activity == 0 and one.watts is None for one in found)


def _watts(facts: Facts) -> str:
    if not facts.answered(device.power_watts):
        return "NULL"
    table = facts.table(device.power_watts)
    return f"""
        SELECT max(x.value) FROM {table} AS x JOIN {table}_series AS s USING (series)
        JOIN device_of AS d ON d.uuid = s.uuid AND d.cluster = s.cluster
        WHERE d.device = p.device AND x.t > p.start_t AND x.t <= p.end_t AND NOT isnan(x.value)
    """


def _card() -> str:
    return """
        SELECT coalesce(max(s.model), '') FROM accelerator_series AS s
        JOIN device_of AS d ON d.uuid = s.uuid AND d.cluster = s.cluster WHERE d.device = p.device
    """

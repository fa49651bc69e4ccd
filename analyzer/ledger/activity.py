"""Activity of devices: what their exporters' ratios say that they did, as samples and as evidence of work."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.counted import share_by_count
from analyzer.ledger.devices import Device, Seen
from analyzer.ledger.evidence import IDLE, WORKS
from analyzer.ledger.holds import CountedSpan
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import Node
from analyzer.ledger.steps import AWAY, FOREVER, SPEAKS_INTERVALS, only_changes


def device_evidence(
    inputs: Inputs,
    nodes: list[Node],
    devices: list[Device],
    seen: list[Seen],
    counted: list[CountedSpan],
    idle_line: float,
) -> None:
    """Makes `activity` (device, mig, t, since, effective, busy, compute, memory) and device_steps (subject: device and
    mig as text).

    `since` is where the sample's average begins: the sample before it, at most three intervals back; after a longer
    silence one interval. Effective is the larger of compute and memory activity; busy decides only without it.
    """
    _devices_of(inputs, nodes, devices, seen)
    _activity(inputs)
    share_by_count(inputs, counted, idle_line)
    _device_steps(inputs, idle_line)


def _devices_of(inputs: Inputs, nodes: list[Node], devices: list[Device], seen: list[Seen]) -> None:
    """device_of: which device a uuid means, and when, since devices move between nodes."""
    number_of = {(device.node, device.key): device.number for device in devices}
    by_place: dict[tuple[str, str], list[Node]] = {}
    for node in nodes:
        by_place.setdefault((node.cluster, node.name), []).append(node)
    rows = sorted(
        {
            (one.uuid, one.mig, one.place[0], number_of[(node.number, key)], node.start, node.end)
            for one in seen
            for node in by_place.get(one.place, ())
            if (node.number, key := one.index or one.uuid) in number_of
        }
    )
    table_of(
        inputs.db,
        "device_of",
        {
            "uuid": pa.array([row[0] for row in rows], pa.string()),
            "mig": pa.array([row[1] for row in rows], pa.string()),
            "cluster": pa.array([row[2] for row in rows], pa.string()),
            "device": pa.array([row[3] for row in rows], pa.int32()),
            "from_t": pa.array([row[4] for row in rows], pa.int64()),
            "to_t": pa.array([row[5] for row in rows], pa.int64()),
        },
    )


def _activity(inputs: Inputs) -> None:
    parts = " UNION ALL ".join(
        f"""
        SELECT d.device, d.mig, x.t, s.interval_us, {
            ", ".join("x.value" if name == table else "NULL" for name in ("compute", "memory", "busy"))
        }
        FROM {table} AS x JOIN {table}_series AS s USING (series)
        JOIN device_of AS d ON d.uuid = s.uuid AND d.mig = s.mig AND d.cluster = s.cluster
        WHERE NOT isnan(x.value) AND x.t > d.from_t - 3600000000 AND x.t <= d.to_t + 900000000
        """
        for table in ("compute", "memory", "busy")
    )
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE activity AS
        WITH told AS (
            SELECT device, mig, t, max(interval_us) AS interval_us, max(compute) AS compute, max(memory) AS memory,
                max(busy) AS busy
            FROM ({parts}) AS parts(device, mig, t, interval_us, compute, memory, busy) GROUP BY device, mig, t
        ),
        following AS (SELECT *, lag(t) OVER (PARTITION BY device, mig ORDER BY t) AS before FROM told)
        SELECT device, mig, t, interval_us, greatest(compute, memory) AS effective, busy, compute, memory,
            CASE WHEN before >= t - {SPEAKS_INTERVALS} * interval_us THEN before ELSE t - interval_us END AS since
        FROM following ORDER BY device, mig, t
        """
    )


def _device_steps(inputs: Inputs, idle_line: float) -> None:
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE device_steps AS
        WITH told AS (
            SELECT device, mig, t, since, interval_us,
                CASE WHEN coalesce(effective, busy) > {idle_line!r} THEN {WORKS} ELSE {IDLE} END AS v,
                lead(since) OVER (PARTITION BY device, mig ORDER BY t) AS next_since
            FROM activity WHERE coalesce(effective, busy) IS NOT NULL
        ),
        spans AS (
            SELECT device, mig, since AS t, v FROM told
            UNION ALL  -- the last word before a silence speaks for three intervals
            SELECT device, mig, t, v FROM told WHERE next_since IS NULL OR next_since > t
            UNION ALL
            SELECT device, mig,
                least(t + {SPEAKS_INTERVALS} * interval_us, coalesce(next_since, {FOREVER})), {AWAY}
            FROM told WHERE next_since IS NULL OR next_since > t
        )
        SELECT device || '/' || mig AS subject, t, v FROM spans
        """
    )
    only_changes(inputs.db, "device_steps")

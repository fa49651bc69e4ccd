"""Devices that cannot work: a fatal fault until something shows otherwise, and devices that fell off the bus."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.devices import Device
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import Node
from analyzer.ledger.steps import FOREVER, state_steps
from exporters.canonical.xids import FATAL_XIDS


def fault_signals(
    inputs: Inputs, nodes: list[Node], devices: list[Device], offered: dict[tuple[str, str], float]
) -> None:
    """Makes `fault` (device, start_t, end_t, interval_us): spells of a fatal fault code, of a device that its exporter
    calls unhealthy or that does not answer, cut at driver reloads; and device_seen_steps, exporter_steps, and
    device_lost (device): promised by the type, neither seen nor offered."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE fault AS
        WITH told AS (
            SELECT d.device, w.word, w.series, w.t, w.value, w.is_bad,
                max(w.interval_us) OVER (PARTITION BY d.device) AS interval_us,
                lag(w.value) OVER (PARTITION BY w.word, w.series ORDER BY w.t) AS before
            FROM ({_words()}) AS w
            JOIN (SELECT DISTINCT uuid, cluster, device, from_t, to_t FROM device_of) AS d USING (uuid, cluster)
            WHERE NOT isnan(w.value) AND w.t < d.to_t
        ),
        edges AS (
            SELECT * FROM told WHERE value IS DISTINCT FROM before
        ),
        spells AS (
            SELECT device, t AS start_t, is_bad, interval_us,
                coalesce(lead(t) OVER (PARTITION BY word, series ORDER BY t), {FOREVER}) AS end_t
            FROM edges
        ),
        reloads AS (
            SELECT d.device, e.t FROM (
                SELECT series, t, value < lag(value) OVER (PARTITION BY series ORDER BY t) AS fell FROM energy
            ) AS e JOIN energy_series AS s USING (series)
            JOIN (SELECT DISTINCT uuid, cluster, device FROM device_of) AS d USING (uuid, cluster)
            WHERE e.fell
        )
        SELECT s.device, s.start_t, least(s.end_t, coalesce(min(r.t), {FOREVER})) AS end_t, s.interval_us
        FROM spells AS s LEFT JOIN reloads AS r ON r.device = s.device AND r.t > s.start_t
        WHERE s.is_bad GROUP BY s.device, s.start_t, s.end_t, s.interval_us
        """
    )
    _presence(inputs)
    _lost(inputs, nodes, devices, offered)


def _words() -> str:
    """Query of (word, series, uuid, cluster, t, value, is_bad, interval_us): all that is said of a device's health."""
    codes = ", ".join(str(code) for code in FATAL_XIDS)
    said = (("last_fault", f"x.value IN ({codes})"), ("device_healthy", "x.value < 1"), ("device_up", "x.value < 1"))
    return " UNION ALL ".join(
        f"SELECT '{table}' AS word, x.series, s.uuid, s.cluster, x.t, x.value, {is_bad} AS is_bad, s.interval_us"
        f" FROM {table} AS x JOIN {table}_series AS s USING (series)"
        for table, is_bad in said
    )


def _presence(inputs: Inputs) -> None:
    told = """
        SELECT DISTINCT d.device, a.t, s.interval_us
        FROM accelerator AS a JOIN accelerator_series AS s USING (series)
        JOIN device_of AS d ON d.uuid = s.uuid AND d.mig = s.mig AND d.cluster = s.cluster
        WHERE NOT isnan(a.value) AND a.t > d.from_t - 3600000000 AND a.t < d.to_t
    """
    state_steps(
        inputs.db,
        "device_seen_steps",
        f"SELECT device AS subject, t, 1 AS v, interval_us, false AS stale FROM ({told})",
    )
    state_steps(
        inputs.db,
        "exporter_steps",
        f"""SELECT v.node AS subject, x.t, 1 AS v, x.interval_us, false AS stale
        FROM ({told}) AS x JOIN device AS v USING (device)""",
    )


def _lost(inputs: Inputs, nodes: list[Node], devices: list[Device], offered: dict[tuple[str, str], float]) -> None:
    lost: list[int] = []
    for node in nodes:
        mine = [device for device in devices if device.node == node.number]
        unseen = [device.number for device in mine if device.first is None]
        allocatable = offered.get((node.cluster, node.name))
        if allocatable and len(unseen) < len(mine):
            missing = len(mine) - round(allocatable / node.shape.replicas)
            lost.extend(unseen[: max(0, missing)])
    table_of(inputs.db, "device_lost", {"device": pa.array(lost, pa.int32())})

"""Segments cut to cells, active seconds split by how well they were used, all of it priced: the ledger's rows."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.devices import REPLICA, Device, Unit
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.modelled import add_modelled_ratios
from analyzer.ledger.nodes import Node
from analyzer.ledger.options import Options
from analyzer.ledger.pods import Pods
from analyzer.ledger.priced import price_spells
from analyzer.ledger.states import RESERVED_UNLAUNCHED
from analyzer.window import CELL


def ledger_rows(
    inputs: Inputs, nodes: list[Node], devices: list[Device], units: list[Unit], pods: Pods, options: Options
) -> pa.Table:
    """The rows of DESIGN 13. `seconds` are accelerator-seconds (the share is applied); `dollars` is null where the
    price is unknown; `start` and `end` are the cell's edges. A price that changes inside a cell makes two rows."""
    price_spells(inputs, nodes, devices)
    _dimensions(inputs, nodes, devices, units, pods)
    _cells(inputs)
    _effective(inputs)
    add_modelled_ratios(inputs, devices)
    inputs.db.execute(_split(options.effective_target))
    return inputs.db.sql(_rows(options.price_basis)).to_arrow_table()


def _dimensions(inputs: Inputs, nodes: list[Node], devices: list[Device], units: list[Unit], pods: Pods) -> None:
    table_of(
        inputs.db,
        "node_row",
        {
            "node": pa.array([node.number for node in nodes], pa.int32()),
            "provider_id": pa.array([node.provider_id for node in nodes], pa.string()),
            "instance_type": pa.array([node.shape.instance_type for node in nodes], pa.string()),
            "capacity_type": pa.array([node.shape.capacity_type for node in nodes], pa.string()),
            "nodepool": pa.array([node.shape.nodepool for node in nodes], pa.string()),
        },
    )
    table_of(
        inputs.db,
        "unit_row",
        {
            "unit": pa.array([unit.number for unit in units], pa.int32()),
            "device_name": pa.array([_device_name(devices[unit.device], unit) for unit in units], pa.string()),
        },
    )
    table_of(
        inputs.db,
        "pod_row",
        {
            "pod": pa.array([pod.number for pod in pods.pods], pa.int32()),
            "workload": pa.array([pod.workload for pod in pods.pods], pa.string()),
            "team": pa.array([pod.team for pod in pods.pods], pa.string()),
        },
    )
    inputs.db.execute(
        """
        CREATE OR REPLACE TABLE group_model AS
        SELECT g.serving_group, string_agg(DISTINCT s.model, ', ' ORDER BY s.model) AS model
        FROM running_series AS s JOIN running_pod AS m USING (series) JOIN pod_group AS g ON g.pod = m.pod
        WHERE s.model <> '' GROUP BY g.serving_group
        """
    )


def _device_name(device: Device, unit: Unit) -> str:
    name = device.uuid or f"#{device.key}"
    if unit.kind == REPLICA:
        return f"{name}::{unit.slot}"
    return f"{name}/{unit.mig or unit.kind}" if unit.whole > 1 else name


def _cells(inputs: Inputs) -> None:
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE cell_state AS
        WITH priced AS (
            SELECT s.* REPLACE (greatest(s.start_t, p.start_t) AS start_t, least(s.end_t, p.end_t) AS end_t), p.spell
            FROM segment AS s JOIN node_price AS p
                ON p.node = s.node AND p.start_t < s.end_t AND p.end_t > s.start_t
        ),
        cut AS (
            SELECT *, unnest(range(start_t // {CELL}, (end_t - 1) // {CELL} + 1)) * {CELL} AS cell FROM priced
        )
        SELECT unit, device, node, pod, state, missing_signal, node_phase, apportioned, cell, spell,
            CAST(sum(least(end_t, cell + {CELL}) - greatest(start_t, cell)) AS BIGINT) AS microseconds
        FROM cut GROUP BY unit, device, node, pod, state, missing_signal, node_phase, apportioned, cell, spell
        """
    )


def _effective(inputs: Inputs) -> None:
    """Makes effective_cell (unit, pod, cell, x): mean effective ratio over the samples that fell into active time.

    A replica holds only its share of a device: the device's activity, divided over the replicas that worked, is
    measured against that share.
    """
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE effective_cell AS
        WITH sample AS (
            SELECT u.unit, u.kind, u.whole, u.device, (a.t + a.since) // 2 AS middle, a.t - a.since AS long, a.effective
            FROM activity AS a JOIN unit AS u ON u.device = a.device AND u.mig = a.mig
            WHERE a.effective IS NOT NULL
        ),
        placed AS (
            SELECT p.*, s.pod, s.state, s.end_t
            FROM sample AS p ASOF JOIN segment AS s ON p.unit = s.unit AND p.middle >= s.start_t
        ),
        mean AS (
            SELECT unit, kind, whole, device, pod, middle // {CELL} * {CELL} AS cell,
                sum(effective * long) / sum(long) AS x
            FROM placed WHERE state = 'active' AND middle < end_t GROUP BY ALL
        ),
        sharers AS (
            SELECT device, cell, sum(microseconds) / max(microseconds) AS working FROM (
                SELECT device, unit, cell, sum(microseconds) AS microseconds FROM cell_state WHERE state = 'active'
                GROUP BY device, unit, cell
            ) GROUP BY device, cell
        )
        SELECT m.unit, m.pod, m.cell,
            CASE WHEN m.kind = '{REPLICA}' THEN least(1, m.x * m.whole / s.working) ELSE m.x END AS x
        FROM mean AS m JOIN sharers AS s ON s.device = m.device AND s.cell = m.cell
        """
    )


def _split(target: float) -> str:
    """SQL that splits active microseconds into good, wasted, unproven, ineffective; nothing is lost or added."""
    return f"""
        CREATE OR REPLACE TABLE cell_split AS
        WITH active AS (
            SELECT c.*, CASE WHEN e.x IS NOT NULL THEN least(1, greatest(0, e.x) / {target!r}) END AS used,
                CASE WHEN m.serving_group IS NULL THEN 1 ELSE coalesce(q.low, b.low) END AS low,
                CASE WHEN m.serving_group IS NULL THEN 1 ELSE coalesce(q.high, b.high) END AS high
            FROM cell_state AS c JOIN pod_group AS g USING (pod)
            LEFT JOIN effective_cell AS e ON e.unit = c.unit AND e.pod = c.pod AND e.cell = c.cell
            LEFT JOIN group_model AS m ON m.serving_group = g.serving_group
            LEFT JOIN group_good AS q ON q.serving_group = g.serving_group AND q.cell = c.cell
            CROSS JOIN no_news AS b
            WHERE c.state = 'active'
        )
        SELECT * EXCLUDE (state, microseconds, used, low, high), 'active-unassessed' AS state,
            microseconds / 1e6 AS seconds
        FROM active WHERE used IS NULL
        UNION ALL
        SELECT * EXCLUDE (state, microseconds, used, low, high), 'active-good', used * low * microseconds / 1e6
        FROM active WHERE used * low > 0
        UNION ALL
        SELECT * EXCLUDE (state, microseconds, used, low, high), 'active-unproven',
            used * (high - low) * microseconds / 1e6
        FROM active WHERE used * (high - low) > 0
        UNION ALL
        SELECT * EXCLUDE (state, microseconds, used, low, high), 'active-wasted-output',
            used * (1 - high) * microseconds / 1e6
        FROM active WHERE used * (1 - high) > 0
        UNION ALL
        SELECT * EXCLUDE (state, microseconds, used, low, high), 'active-ineffective', (1 - used) * microseconds / 1e6
        FROM active WHERE used < 1
        UNION ALL
        SELECT * EXCLUDE (state, microseconds), state, microseconds / 1e6 FROM cell_state WHERE state <> 'active'
    """


def _rows(basis: str) -> str:
    return f"""
        SELECT make_timestamptz(c.cell) AS start, make_timestamptz(c.cell + {CELL}) AS "end",
            n.cluster, n.name AS node, r.provider_id, r.instance_type, r.capacity_type, r.nodepool,
            d.device_name AS device,
            u.parts / u.whole AS share, coalesce(p.namespace, '') AS namespace, coalesce(p.name, '') AS pod,
            coalesce(w.workload, '') AS workload, coalesce(m.model, '') AS model, coalesce(w.team, '') AS team,
            c.state, c.missing_signal, c.seconds * u.parts / u.whole AS seconds,
            c.seconds * u.parts / u.whole * x.device_dollars_per_hour / 3600 AS dollars,
            '{basis}' AS price_basis, c.node_phase, c.apportioned
        FROM cell_split AS c JOIN unit AS u USING (unit) JOIN unit_row AS d USING (unit)
        JOIN node AS n ON n.node = c.node JOIN node_row AS r ON r.node = c.node JOIN node_price AS x USING (spell)
        LEFT JOIN pod AS p ON p.pod = c.pod LEFT JOIN pod_row AS w ON w.pod = c.pod
        LEFT JOIN pod_group AS g ON g.pod = c.pod LEFT JOIN group_model AS m ON m.serving_group = g.serving_group
        UNION ALL
        SELECT make_timestamptz(cell), make_timestamptz(cell + {CELL}), '', '', '', instance_type, capacity_type, '',
            '', 1, '', '', '', '', '', '{RESERVED_UNLAUNCHED}', '', device_seconds,
            device_seconds * device_dollars_per_hour / 3600, '{basis}', '', false
        FROM (
            SELECT *, devices * (least(end_t, cell + {CELL}) - greatest(start_t, cell)) / 1e6 AS device_seconds
            FROM (
                SELECT *, unnest(range(start_t // {CELL}, (end_t - 1) // {CELL} + 1)) * {CELL} AS cell FROM unlaunched
            )
        )
        ORDER BY start, cluster, node, device, state, dollars
    """

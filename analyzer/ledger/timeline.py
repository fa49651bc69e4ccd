"""One timeline per unit: its signals become segments, each segment in exactly one state (DESIGN 6.3)."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.devices import REMAINDER, REPLICA, SLICE, Device, Unit
from analyzer.ledger.evidence import IDLE, WORKS
from analyzer.ledger.holds import NAMED, Hold
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.pod_signals import FAILED, FLAPPING, STARTING
from analyzer.ledger.steps import AWAY, FOREVER, SPEAKS_INTERVALS
from analyzer.ledger.unit_signals import NOBODY, unit_signals


def segments(inputs: Inputs, devices: list[Device], units: list[Unit], holds: list[Hold]) -> None:
    """Makes `segment` (unit, start_t, end_t, state, missing_signal, pod, node_phase, apportioned) covering the
    lifetime of every unit without gap or overlap."""
    _tables(inputs, devices, units, holds)
    unit_signals(inputs)
    _states(inputs)
    _faults(inputs)


def _tables(inputs: Inputs, devices: list[Device], units: list[Unit], holds: list[Hold]) -> None:
    table_of(
        inputs.db,
        "unit",
        {
            "unit": pa.array([unit.number for unit in units], pa.int32()),
            "device": pa.array([unit.device for unit in units], pa.int32()),
            "node": pa.array([devices[unit.device].node for unit in units], pa.int32()),
            "kind": pa.array([unit.kind for unit in units], pa.string()),
            "mig": pa.array([unit.mig for unit in units], pa.string()),
            "parts": pa.array([unit.parts for unit in units], pa.int32()),
            "whole": pa.array([unit.whole for unit in units], pa.int32()),
        },
    )
    table_of(
        inputs.db,
        "hold",
        {
            "unit": pa.array([hold.unit for hold in holds], pa.int32()),
            "pod": pa.array([hold.pod for hold in holds], pa.int32()),
            "start_t": pa.array([hold.start for hold in holds], pa.int64()),
            "end_t": pa.array([hold.end for hold in holds], pa.int64()),
            "way": pa.array([hold.way for hold in holds], pa.string()),
        },
    )
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE life AS
        SELECT u.unit, u.device, u.node, n.cluster_number, n.start_t, n.end_t
        FROM unit AS u JOIN node AS n USING (node);
        CREATE OR REPLACE TABLE held AS
        SELECT h.unit, h.pod, g.serving_group, l.device, greatest(h.start_t, l.start_t) AS start_t,
            least(h.end_t, l.end_t) AS end_t
        FROM hold AS h JOIN life AS l USING (unit) JOIN pod_group AS g USING (pod)
        WHERE h.start_t < l.end_t AND h.end_t > l.start_t;
        -- where exporters name holders, a device without a name is free; elsewhere it may be held by anyone
        CREATE OR REPLACE TABLE naming_node AS
        SELECT DISTINCT node FROM life WHERE cluster_number IN (
            SELECT l.cluster_number FROM hold AS h JOIN life AS l USING (unit) WHERE h.way = '{NAMED}'
        );
        """
    )


def _states(inputs: Inputs) -> None:
    """First match wins. On a shared device the activity is that of the engines that work; where none has a page,
    the device decides for all of its holders alike."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE segment AS
        WITH judged AS (
            SELECT s.*,
                CASE
                    WHEN s.engine IN ({IDLE}, {WORKS}) THEN s.engine
                    WHEN s.kind = '{REPLICA}' AND s.shared > 0 THEN {IDLE}
                    ELSE s.device
                END AS work,
                coalesce(s.seen = {AWAY} AND s.exporter = 1 AND d.first_seen <= s.start_t, false)
                    OR device_number IN (SELECT device FROM device_lost) AS lost
            FROM signals AS s JOIN device AS d ON d.device = s.device_number
        ),
        named AS (
            SELECT *, CASE
                WHEN store = {AWAY} THEN 'unknown'
                WHEN holder >= 0 AND work = {WORKS} AND status NOT IN ({STARTING}, {FAILED}) THEN 'active'
                WHEN (ready = 0 AND usable = 1) OR lost THEN 'node-unhealthy'
                WHEN usable = 0 THEN 'node-starting'
                WHEN drain = 1 THEN 'node-draining'
                WHEN kind = '{REMAINDER}' THEN 'free-fragmented'
                WHEN holder = {NOBODY} AND spare > 0 THEN 'unknown'
                WHEN holder = {NOBODY} AND (kube = 1 OR seen = 1 AND node IN (SELECT node FROM naming_node))
                    THEN CASE WHEN kind = '{SLICE}' THEN 'free-fragmented' ELSE 'free' END
                WHEN holder = {NOBODY} THEN 'unknown'
                WHEN status = {STARTING} THEN 'held-starting'
                WHEN status IN ({FAILED}, {FLAPPING}) THEN 'held-failed'
                WHEN work = {IDLE} THEN 'held-idle'
                ELSE 'unknown'
            END AS state FROM judged
        )
        SELECT unit, device_number AS device, node, start_t, end_t, state,
            CASE
                WHEN state <> 'unknown' THEN ''
                WHEN store = {AWAY} THEN 'store'
                WHEN holder = {NOBODY} AND spare > 0 THEN 'pod labels'
                WHEN holder = {NOBODY} THEN 'kubernetes'
                WHEN engine = {AWAY} THEN 'engine and device'
                ELSE 'device'
            END AS missing_signal,
            CASE WHEN holder >= 0 THEN holder END AS pod,
            CASE
                WHEN usable = 0 THEN 'starting'
                WHEN ready = 0 THEN 'unhealthy'
                WHEN drain = 1 THEN 'draining'
                WHEN ready = 1 THEN 'ready'
                ELSE ''
            END AS node_phase,
            kind = '{REPLICA}' AND state = 'active' OR holder >= 0 AND counted > 0 AS apportioned
        FROM named WHERE end_t > start_t
        """
    )


def _faults(inputs: Inputs) -> None:
    """After a fatal fault a device is unhealthy until it works again: until a later moment of evidence, further off
    than the last word before the fault can speak."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE recovered AS
        SELECT f.device, f.start_t, f.end_t,
            min(greatest(s.start_t, f.start_t)) FILTER (s.start_t IS NOT NULL) AS works_at
        FROM fault AS f LEFT JOIN segment AS s ON s.device = f.device AND s.state = 'active'
            AND s.end_t > f.start_t + {SPEAKS_INTERVALS + 1} * f.interval_us AND s.start_t < f.end_t
        GROUP BY ALL;
        UPDATE segment SET state = 'node-unhealthy', missing_signal = ''
        FROM recovered AS r
        WHERE segment.device = r.device AND segment.state <> 'active' AND segment.missing_signal <> 'store'
            AND segment.start_t >= r.start_t AND segment.start_t < least(r.end_t, coalesce(r.works_at, {FOREVER}));
        """
    )

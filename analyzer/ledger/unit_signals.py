"""The signals of each unit: the steps of its node, its device and its holder, merged into one row per change."""

from __future__ import annotations

from analyzer.ledger.devices import REPLICA
from analyzer.ledger.evidence import WORKS
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.steps import AWAY, step_spans

NO_PAGE = -2  # the holder has no engine page at all
NOBODY = -1

_SIGNALS = (
    "ready",
    "drain",
    "usable",
    "kube",
    "store",
    "holder",
    "status",
    "engine",
    "device",
    "seen",
    "exporter",
    "shared",
    "counted",
    "spare",
)


def unit_signals(inputs: Inputs) -> None:
    """Makes `signals`: all steps of all signals of all units, one row per unit and change, filled forward."""
    _shared_work(inputs)
    parts = [*_of_places(), *_of_holders(), _usable(), _device_work(), _fault_cuts()]
    union = " UNION ALL ".join(f"({part})" for part in parts)
    columns = ", ".join(f"max(v) FILTER (signal = '{signal}') AS {signal}" for signal in _SIGNALS)
    filled = ", ".join(f"last_value({signal} IGNORE NULLS) OVER w AS {signal}" for signal in _SIGNALS)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE signals AS
        WITH event AS (SELECT unit, t, {columns} FROM ({union}) AS x(unit, t, signal, v) GROUP BY unit, t),
        filled AS (
            SELECT unit, t AS start_t, lead(t) OVER w AS next, {filled} FROM event
            WINDOW w AS (PARTITION BY unit ORDER BY t)
        )
        SELECT f.* EXCLUDE (next), coalesce(f.next, l.end_t) AS end_t, l.device AS device_number, l.node, u.kind
        FROM filled AS f JOIN life AS l USING (unit) JOIN unit AS u USING (unit)
        """
    )


def _of_places() -> list[str]:
    return [
        _of_life("ready", "node_ready_steps", "l.node"),
        _of_life("drain", "node_drain_steps", "l.node"),
        _of_life("kube", "kube_steps", "l.cluster_number"),
        _of_life("store", "store_steps", "l.cluster_number"),
        _of_life("seen", "device_seen_steps", "l.device"),
        _of_life("exporter", "exporter_steps", "l.node"),
        _of_life("shared", "shared_steps", "l.device", 0),
        _of_life("counted", "counted_steps", "l.node", 0),
        _of_life("spare", "spare_steps", "l.device", 0),
    ]


def _of_holders() -> list[str]:
    return [
        f"SELECT unit, start_t, 'holder', {NOBODY} FROM life",
        f"SELECT h.unit, h.end_t, 'holder', {NOBODY} FROM held AS h JOIN life AS l USING (unit)"
        " WHERE h.end_t < l.end_t",
        "SELECT unit, start_t, 'holder', pod FROM held",
        _of_hold("status", "pod_status_steps", "h.pod", str(AWAY)),
        _of_hold(
            "engine",
            "engine_steps",
            "h.serving_group",
            f"CASE WHEN h.serving_group IN (SELECT subject FROM engine_steps) THEN {AWAY} ELSE {NO_PAGE} END",
        ),
    ]


def _usable() -> str:
    """From when on the node has been Ready once."""
    return """
        SELECT l.unit, l.start_t, 'usable', CAST(o.t IS NULL OR o.t <= l.start_t AS INTEGER)
        FROM life AS l LEFT JOIN node_once_ready AS o USING (node)
        UNION ALL
        SELECT l.unit, o.t, 'usable', 1 FROM life AS l JOIN node_once_ready AS o USING (node)
        WHERE o.t > l.start_t AND o.t < l.end_t
    """


def _device_work() -> str:
    """What the device says; a slice has its own word."""
    return f"""
        SELECT l.unit, l.start_t, 'device', {AWAY} FROM life AS l
        UNION ALL
        SELECT l.unit, greatest(s.t, l.start_t), 'device', s.v FROM life AS l JOIN unit AS u USING (unit)
        JOIN {step_spans("device_steps")} AS s ON s.subject = l.device || '/' || u.mig
            AND s.t < l.end_t AND s.next > l.start_t
    """


def _fault_cuts() -> str:
    """No signal: a fault's first and last moment cut the segments of its device."""
    return """
        SELECT l.unit, f.start_t, NULL, NULL FROM life AS l JOIN fault AS f USING (device)
        WHERE f.start_t > l.start_t AND f.start_t < l.end_t
        UNION ALL
        SELECT l.unit, f.end_t, NULL, NULL FROM life AS l JOIN fault AS f USING (device)
        WHERE f.end_t > l.start_t AND f.end_t < l.end_t
    """


def _of_life(signal: str, steps: str, key: str, default: int = AWAY) -> str:
    """Events of a signal that a unit has for its whole life, by node, device or cluster."""
    return f"""
        SELECT unit, start_t AS t, '{signal}' AS signal, {default} AS v FROM life
        UNION ALL
        SELECT l.unit, greatest(s.t, l.start_t), '{signal}', s.v FROM life AS l JOIN {step_spans(steps)} AS s
        ON s.subject = {key} AND s.t < l.end_t AND s.next > l.start_t
    """


def _of_hold(signal: str, steps: str, key: str, default: str) -> str:
    """Events of a signal that a unit has through its holder."""
    return f"""
        SELECT h.unit, h.start_t AS t, '{signal}' AS signal, {default} AS v FROM held AS h
        UNION ALL
        SELECT h.unit, greatest(s.t, h.start_t), '{signal}', s.v FROM held AS h JOIN {step_spans(steps)} AS s
        ON s.subject = {key} AND s.t < h.end_t AND s.next > h.start_t
    """


def _shared_work(inputs: Inputs) -> None:
    """shared_steps (subject: device): how many engines of holders of a shared device work."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE shared_steps AS
        WITH working AS (
            SELECT h.device, greatest(s.t, h.start_t) AS start_t, least(s.next, h.end_t) AS end_t
            FROM held AS h JOIN unit AS u USING (unit) JOIN {step_spans("engine_steps")} AS s
            ON s.subject = h.serving_group AND s.t < h.end_t AND s.next > h.start_t
            WHERE u.kind = '{REPLICA}' AND s.v = {WORKS}
        ),
        changes AS (
            SELECT device, t, sum(delta) AS delta FROM (
                SELECT device, start_t AS t, 1 AS delta FROM working
                UNION ALL SELECT device, end_t, -1 FROM working
            ) GROUP BY device, t
        )
        SELECT device AS subject, t, CAST(sum(delta) OVER (PARTITION BY device ORDER BY t) AS INTEGER) AS v FROM changes
        """
    )

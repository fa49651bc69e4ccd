"""Evidence of work: what engines' pages and devices' ratios say that a holder did (DESIGN 6.3, rule 2).

Both become step tables with v = WORKS, IDLE or AWAY. An engine's page outranks the device: CUDA polling keeps an
idle card busy.
"""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.devices import Device, Seen
from analyzer.ledger.holds import CountedSpan
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import Node
from analyzer.ledger.pods import Pods
from analyzer.ledger.steps import AWAY, SPEAKS_INTERVALS, only_changes

IDLE, WORKS = 0, 1
_ENGINE_TABLES = ("running", "queued", "prompt", "prompt_cached", "generation", "finished", "flops", "bytes")


def map_engines(inputs: Inputs, pods: Pods, tables: tuple[str, ...] = _ENGINE_TABLES) -> None:
    """For each engine table `x`, makes `x_pod` (series, pod, page): whose work it is, and from which page."""
    pages: dict[tuple[int, str], int] = {}
    for table in tables:
        rows = [
            (int(row["series"]), inputs_pod, row)
            for row in inputs.series(table)
            if (inputs_pod := pods.engine_pod(row)) is not None
        ]
        table_of(
            inputs.db,
            f"{table}_pod",
            {
                "series": pa.array([series for series, _, _ in rows], pa.int32()),
                "pod": pa.array([pod for _, pod, _ in rows], pa.int32()),
                "page": pa.array(
                    [pages.setdefault((pod, row["instance"]), len(pages)) for _, pod, row in rows], pa.int32()
                ),
            },
        )


def engine_evidence(inputs: Inputs) -> None:
    """Makes engine_steps (subject: serving group number) from pages: running > 0, or tokens rising.

    Between two pages the engine works when it was running requests at the first or its tokens had risen at the
    second. A failed scrape ends what the page before it said; tokens that rose across it still count as work. Across
    more than three intervals a page is silent, whatever it counted meanwhile.
    """
    db = inputs.db
    db.execute(
        f"""
        CREATE OR REPLACE TABLE serving_group AS
        SELECT DISTINCT serving_group AS name, CAST(dense_rank() OVER (ORDER BY serving_group) AS INTEGER) AS number
        FROM pod;
        CREATE OR REPLACE TABLE pod_group AS
        SELECT pod, g.number AS serving_group FROM pod JOIN serving_group AS g ON g.name = pod.serving_group;

        CREATE OR REPLACE TEMP TABLE page_row AS
        SELECT m.page, any_value(m.pod) AS pod, r.t, sum(r.value) AS running, max(s.interval_us) AS interval_us
        FROM running AS r JOIN running_pod AS m USING (series) JOIN running_series AS s USING (series)
        WHERE NOT isnan(r.value) GROUP BY m.page, r.t;

        CREATE OR REPLACE TEMP TABLE page_rise AS
        SELECT page, t, bool_or(rose) AS rose FROM ({_rises("generation")} UNION ALL {_rises("prompt")})
        GROUP BY page, t;

        CREATE OR REPLACE TEMP TABLE page_failed AS
        SELECT DISTINCT m.page, u.t FROM target_up AS u JOIN target_up_series AS s USING (series)
        JOIN (
            SELECT DISTINCT p.page, r.cluster, r.instance FROM running_series AS r JOIN running_pod AS p USING (series)
        ) AS m USING (cluster, instance)
        WHERE u.value = 0;
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE page_span AS
        WITH following AS (
            SELECT page, pod, t, running > 0 AS runs, t + {SPEAKS_INTERVALS} * interval_us AS until,
                lead(t) OVER (PARTITION BY page ORDER BY t) AS next
            FROM page_row
        ),
        cut AS (
            SELECT f.*, x.t AS failed FROM following AS f ASOF LEFT JOIN page_failed AS x
            ON f.page = x.page AND f.t < x.t
        )
        SELECT c.page, c.pod, c.t, c.runs, c.until, c.next, coalesce(c.next <= c.until, false) AS near,
            coalesce(r.rose, false) AS rose,
            CASE WHEN c.failed < coalesce(c.next, c.until) AND c.failed < c.until THEN c.failed END AS failed
        FROM cut AS c LEFT JOIN page_rise AS r ON r.page = c.page AND r.t = c.next
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TABLE page_steps AS
        SELECT page AS subject, t, CASE WHEN runs OR (near AND rose) THEN {WORKS} ELSE {IDLE} END AS v FROM page_span
        UNION ALL
        SELECT page, failed, CASE WHEN near AND rose THEN {WORKS} WHEN near AND NOT runs THEN {IDLE} ELSE {AWAY} END
        FROM page_span WHERE failed IS NOT NULL
        UNION ALL
        SELECT page, until, {AWAY} FROM page_span WHERE NOT near AND failed IS NULL
        """
    )
    only_changes(db, "page_steps")
    _merge_pages(inputs)


def _rises(table: str) -> str:
    """Query of (page, t, rose): whether a counter of the page grew since its own last sample."""
    return f"""
        SELECT m.page, c.t, c.value > coalesce(lag(c.value) OVER (PARTITION BY c.series ORDER BY c.t), c.value) AS rose
        FROM {table} AS c JOIN {table}_pod AS m USING (series) WHERE NOT isnan(c.value)
    """


def _merge_pages(inputs: Inputs) -> None:
    """A group works when any of its pages says so; it is idle when no page works and at least one answers."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE engine_steps AS
        WITH page_of AS (SELECT DISTINCT page, pod FROM page_row),
        changes AS (
            SELECT g.serving_group AS subject, s.t,
                CAST(s.v = {WORKS} AS INTEGER)
                    - coalesce(CAST(lag(s.v) OVER before = {WORKS} AS INTEGER), 0) AS working,
                CAST(s.v = {IDLE} AS INTEGER) - coalesce(CAST(lag(s.v) OVER before = {IDLE} AS INTEGER), 0) AS idle
            FROM page_steps AS s JOIN page_of AS p ON p.page = s.subject JOIN pod_group AS g USING (pod)
            WINDOW before AS (PARTITION BY s.subject ORDER BY s.t)
        ),
        summed AS (SELECT subject, t, sum(working) AS working, sum(idle) AS idle FROM changes GROUP BY subject, t),
        running AS (
            SELECT subject, t, sum(working) OVER w AS working, sum(idle) OVER w AS idle FROM summed
            WINDOW w AS (PARTITION BY subject ORDER BY t)
        )
        SELECT subject, t, CASE WHEN working > 0 THEN {WORKS} WHEN idle > 0 THEN {IDLE} ELSE {AWAY} END AS v
        FROM running
        """
    )
    only_changes(inputs.db, "engine_steps")


def device_evidence(
    inputs: Inputs,
    nodes: list[Node],
    devices: list[Device],
    seen: list[Seen],
    counted: list[CountedSpan],
    idle_line: float,
) -> None:
    """Makes `activity` (device, mig, t, since, effective, busy) and device_steps (subject: device and mig as text).

    `since` is where the sample's average begins: the sample before it, at most three intervals back; after a longer
    silence one interval. Effective is the larger of compute and memory activity; busy decides only without it.
    """
    _devices_of(inputs, nodes, devices, seen)
    _activity(inputs)
    _share_by_count(inputs, counted, idle_line)
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
        SELECT device, mig, t, interval_us, greatest(compute, memory) AS effective, busy,
            CASE WHEN before >= t - {SPEAKS_INTERVALS} * interval_us THEN before ELSE t - interval_us END AS since
        FROM following ORDER BY device, mig, t
        """
    )


def _share_by_count(inputs: Inputs, counted: list[CountedSpan], idle_line: float) -> None:
    """Where only the number of held devices of a node is known, each of them gets the same part of the node's
    activity; a device that did not answer is not counted among them. Makes counted_steps (subject: node; v: devices
    held by count) and spare_steps (subject: device; v: 1 while it works and more devices work than are held)."""
    table_of(
        inputs.db,
        "counted_steps",
        {
            "subject": pa.array([span.node for span in counted], pa.int32()),
            "t": pa.array([span.start for span in counted], pa.int64()),
            "v": pa.array([span.held for span in counted], pa.int32()),
        },
    )
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted_page AS
        WITH page AS (
            SELECT d.node, a.t, min(a.since) AS since, max(a.interval_us) AS interval_us,
                sum(a.effective) AS effective, count(a.effective) AS effective_told,
                sum(a.busy) AS busy, count(a.busy) AS busy_told,
                count(*) FILTER (coalesce(a.effective, a.busy) > {idle_line!r}) AS working
            FROM activity AS a JOIN device AS d USING (device)
            WHERE d.node IN (SELECT subject FROM counted_steps) GROUP BY d.node, a.t
        ),
        inside AS (
            SELECT p.*, (p.since + p.t) // 2 AS middle, coalesce(c.v, 0) AS held_before
            FROM page AS p ASOF LEFT JOIN counted_steps AS c ON c.subject = p.node AND p.since >= c.t
        )
        SELECT i.*, coalesce(c.v, 0) AS held
        FROM inside AS i ASOF LEFT JOIN counted_steps AS c ON c.subject = i.node AND i.middle >= c.t;

        CREATE OR REPLACE TABLE spare_steps AS
        WITH spare AS (
            SELECT a.device, a.since, a.t,
                coalesce(a.effective, a.busy) > {idle_line!r}
                    AND p.working > greatest(p.held_before, p.held) AS is_spare
            FROM activity AS a JOIN device AS d USING (device) JOIN counted_page AS p ON p.node = d.node AND p.t = a.t
        )
        SELECT device AS subject, since AS t, CAST(coalesce(is_spare, false) AS INTEGER) AS v FROM spare
        UNION ALL SELECT device, t, 0 FROM spare;

        DELETE FROM activity USING device AS d, counted_page AS p
        WHERE d.device = activity.device AND p.node = d.node AND p.t = activity.t AND p.held > 0;
        INSERT INTO activity BY NAME
        SELECT d.device, '' AS mig, p.t, p.interval_us, p.since,
            least(1, p.effective / least(p.held, p.effective_told)) AS effective,
            least(1, p.busy / least(p.held, p.busy_told)) AS busy
        FROM counted_page AS p JOIN device AS d USING (node) WHERE p.held > 0
        """
    )
    only_changes(inputs.db, "spare_steps")


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
                least(t + {SPEAKS_INTERVALS} * interval_us, coalesce(next_since, 1::BIGINT << 62)), {AWAY}
            FROM told WHERE next_since IS NULL OR next_since > t
        )
        SELECT device || '/' || mig AS subject, t, v FROM spans
        """
    )
    only_changes(inputs.db, "device_steps")

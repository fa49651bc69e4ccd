"""What counters grew by, per cell: reset-aware, per series, never extrapolated (DESIGN 6.1)."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.inputs import SAMPLE_MARGIN_SECONDS, Inputs, pod_key, table_of
from analyzer.ledger.pods import Pods
from analyzer.window import CELL, MICROSECONDS

# A process start is told in hundredths of a second, a scrape in milliseconds: a start this soon after a page is the
# same process.
_CLOCK_SLACK_US = 1_000_000


def births(inputs: Inputs, pods: Pods) -> None:
    """Makes page_birth (page, t, birth), page_first (page, t) and pod_birth (pod, birth), microseconds."""
    inputs.db.execute(
        """
        CREATE OR REPLACE TABLE page_birth AS
        SELECT m.page, p.t, CAST(round(max(p.value) * 1e6) AS BIGINT) AS birth
        FROM process_started AS p JOIN process_started_pod AS m USING (series)
        WHERE isfinite(p.value) AND p.value > 0 GROUP BY m.page, p.t;
        CREATE OR REPLACE TABLE page_first AS
        SELECT m.page, min(r.t) AS t FROM running AS r JOIN running_pod AS m USING (series) GROUP BY m.page;
        """
    )
    told = dict(
        inputs.db.execute(
            "SELECT series, max(value) FROM pod_created WHERE isfinite(value) AND value > 0 GROUP BY series"
        ).fetchall()
    )
    rows = [
        (pods.number_of[key], round(told[int(row["series"])] * MICROSECONDS))
        for row in inputs.series("pod_created")
        if int(row["series"]) in told and (key := pod_key(row)) in pods.number_of
    ]
    table_of(
        inputs.db,
        "pod_birth",
        {"pod": pa.array([pod for pod, _ in rows], pa.int32()), "birth": pa.array([at for _, at in rows], pa.int64())},
    )


def increments(inputs: Inputs, table: str) -> None:
    """Makes `table_grown` (series, pod, page, t, before_t, cell, amount, restarted) inside the window.

    A first value counts from zero only if the series was born inside what was read: by its process's start, its
    pod's creation, or because its page was seen earlier without it. A process that started between two pages is a
    restart even where the new counter is already above the old one.
    """
    since = inputs.window.start - round(SAMPLE_MARGIN_SECONDS * MICROSECONDS)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE {table}_grown AS
        WITH told AS (
            SELECT m.pod, m.page, x.series, x.t, x.value, b.birth,
                lag(x.t) OVER w AS before_t, lag(x.value) OVER w AS before
            FROM {table} AS x JOIN {table}_pod AS m USING (series)
            LEFT JOIN page_birth AS b ON b.page = m.page AND b.t = x.t
            WHERE NOT isnan(x.value)
            WINDOW w AS (PARTITION BY x.series ORDER BY x.t)
        ),
        judged AS (
            SELECT t.*, before_t IS NOT NULL AND (value < before
                OR coalesce(t.birth > before_t + {_CLOCK_SLACK_US} AND t.birth <= t.t, false)) AS restarted,
                coalesce(t.birth >= {since}, false) OR coalesce(p.birth >= {since}, false)
                    OR coalesce(f.t < t.t, false) AS born
            FROM told AS t LEFT JOIN (SELECT pod, max(birth) AS birth FROM pod_birth GROUP BY pod) AS p USING (pod)
            LEFT JOIN page_first AS f USING (page)
        )
        SELECT series, pod, page, t, before_t, t // {CELL} * {CELL} AS cell, birth, restarted,
            CASE
                WHEN before_t IS NULL THEN CASE WHEN born THEN value ELSE 0 END
                WHEN restarted THEN value
                ELSE value - before
            END AS amount
        FROM judged WHERE t >= {inputs.window.start} AND t < {inputs.window.end}
        """
    )


def hidden_work(inputs: Inputs, table: str) -> None:
    """Makes `table_hidden` (series, pod, cell, hidden_seconds, most): work that restarts may have hidden.

    The hidden time runs from the last page of the old process to the first failed scrape, the start of the new
    process, or the next page, whichever comes first. `most` is the fastest rate that the series showed times
    that; nothing was hidden on a server that was idle when it was last seen.
    """
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE {table}_hidden AS
        WITH fastest AS (
            SELECT series, max(amount / ((t - before_t) / 1e6)) AS per_second FROM {table}_grown
            WHERE before_t IS NOT NULL AND NOT restarted GROUP BY series
        ),
        restarts AS (
            SELECT g.series, g.pod, g.page, g.cell, g.before_t,
                least(g.birth, x.t, g.t) AS stopped_by
            FROM {table}_grown AS g ASOF LEFT JOIN page_failed AS x ON x.page = g.page AND g.before_t < x.t
            WHERE g.restarted
        )
        SELECT r.series, r.pod, r.cell, greatest(0, r.stopped_by - r.before_t) / 1e6 AS hidden_seconds,
            CASE
                WHEN coalesce(p.running, 0) = 0 AND coalesce(q.waiting, 0) = 0 AND coalesce(l.amount, 0) = 0 THEN 0
                ELSE coalesce(f.per_second, 0) * greatest(0, r.stopped_by - r.before_t) / 1e6
            END AS most
        FROM restarts AS r LEFT JOIN fastest AS f USING (series)
        LEFT JOIN {table}_grown AS l ON l.series = r.series AND l.t = r.before_t
        LEFT JOIN page_row AS p ON p.page = r.page AND p.t = r.before_t
        LEFT JOIN (
            SELECT m.page, w.t, sum(w.value) AS waiting FROM queued AS w JOIN queued_pod AS m USING (series)
            GROUP BY m.page, w.t
        ) AS q ON q.page = r.page AND q.t = r.before_t
        """
    )


def increments_of_devices(inputs: Inputs, table: str) -> tuple[float, int]:
    """What a device counter (energy) grew by in the window over all devices, and how many devices told of it."""
    rows = inputs.db.execute(
        f"""
        WITH told AS (
            SELECT series, t, value, lag(value) OVER (PARTITION BY series ORDER BY t) AS before FROM {table}
            WHERE isfinite(value)
        )
        SELECT coalesce(sum(CASE WHEN value >= before THEN value - before ELSE value END), 0), count(DISTINCT series)
        FROM told WHERE before IS NOT NULL AND t >= {inputs.window.start} AND t < {inputs.window.end}
        """
    ).fetchall()
    return rows[0][0], rows[0][1]

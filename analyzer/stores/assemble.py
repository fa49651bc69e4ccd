"""Turns raw samples into a frame: scaled, free of sentinels and doubles, one stream per identity."""

from __future__ import annotations

import duckdb

from analyzer.stores.frame import Frame
from analyzer.stores.resolve import Resolved

DEFAULT_INTERVAL_SECONDS = 60.0
# A stream of lower priority speaks only where the better one has been silent for longer than this many intervals.
_SILENCE_INTERVALS = 1.5


def assemble(connection: duckdb.DuckDBPyConnection, raw_samples: str, resolved: Resolved) -> Frame:
    """Joins a relation of (raw, t in microseconds, value) to its resolution.

    Two samples of one identity at one time (a page that repeats a shared GPU for each pod, a scrape stored twice)
    become the larger: for a device that is its true value, for a counter and a state they are equal. A series that ends
    where another of the same identity goes on (a pod that turns Ready) has not ended.
    """
    # Not isnan(s.value): DuckDB 2.0 takes that for false on a file whose statistics, which leave NaN out, name none.
    ended = "isnan(s.value * m.scale)"
    connection.register("resolved_mapping", resolved.mapping)
    connection.register("resolved_series", resolved.series)
    try:
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE assembled AS
            SELECT m.series, m.priority, s.t,
                coalesce(
                    max(CASE WHEN m.one THEN 1.0 ELSE s.value * m.scale END) FILTER (NOT {ended}), CAST('nan' AS DOUBLE)
                ) AS value
            FROM {raw_samples} AS s JOIN resolved_mapping AS m USING (raw)
            WHERE m.below IS NULL OR {ended} OR s.value < m.below
            GROUP BY ALL
            """
        )
        for priority in range(1, resolved.deepest + 1):
            connection.execute(_FILL, [priority, priority])
        connection.execute(_INTERVALS)
        samples = connection.sql(
            'SELECT series, make_timestamptz(t) AS "at", value FROM assembled ORDER BY series, t'
        ).to_arrow_table()
        series = connection.sql(
            f"""
            SELECT s.* , coalesce(i.interval_seconds, median(i.interval_seconds) OVER (), {DEFAULT_INTERVAL_SECONDS})
                AS interval_seconds
            FROM resolved_series AS s LEFT JOIN intervals AS i USING (series) ORDER BY series
            """
        ).to_arrow_table()
    finally:
        connection.unregister("resolved_mapping")
        connection.unregister("resolved_series")
    return Frame(samples, series)


# Removes samples of this priority where a better stream spoke within its own spacing.
_FILL = f"""
WITH better AS (
    SELECT series, t,
        {_SILENCE_INTERVALS} * median(t - before) OVER (PARTITION BY series) AS reach
    FROM (
        SELECT series, t, lag(t) OVER (PARTITION BY series ORDER BY t) AS before
        FROM assembled WHERE priority < $1 AND NOT isnan(value)
        AND series IN (SELECT DISTINCT series FROM assembled WHERE priority = $2)
    )
),
worse AS (SELECT DISTINCT series, t FROM assembled WHERE priority = $2),
spoken AS (
    SELECT w.series, w.t FROM worse AS w ASOF JOIN better AS b ON w.series = b.series AND w.t >= b.t
    WHERE w.t - b.t <= coalesce(b.reach, 0)
    UNION
    SELECT w.series, w.t FROM worse AS w ASOF JOIN better AS b ON w.series = b.series AND w.t <= b.t
    WHERE b.t - w.t <= coalesce(b.reach, 0)
)
DELETE FROM assembled WHERE priority = $2 AND (series, t) IN (SELECT series, t FROM spoken)
"""

# The median spacing, to the second (to a tenth under five seconds): the same for any window cut from one recording.
_INTERVALS = """
CREATE OR REPLACE TEMP TABLE intervals AS
SELECT series, CASE WHEN middle < 5 THEN greatest(round(middle, 1), 0.1) ELSE round(middle) END AS interval_seconds
FROM (
    SELECT series, median(t - before) / 1e6 AS middle
    FROM (SELECT series, t, lag(t) OVER (PARTITION BY series ORDER BY t) AS before FROM assembled)
    WHERE t > before GROUP BY series
)
"""

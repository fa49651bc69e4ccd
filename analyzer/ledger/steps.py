"""Step functions of time: how samples become "from here on it is so", in one form for every signal.

A step table has (subject, t, v): from t on, until the subject's next row, the signal is v. `AWAY` means that nothing
told. Rows that repeat the value before them are left out, so a week of an idle device is one row.
"""

from __future__ import annotations

import duckdb

AWAY = -1
SPEAKS_INTERVALS = 3  # a sample speaks for at most three of its series' intervals (DESIGN 6.1)
FOREVER = 1 << 62  # later than any time, in microseconds


def state_steps(db: duckdb.DuckDBPyConnection, name: str, samples: str) -> None:
    """Makes step table `name` from a query of (subject, t, v, interval_us, stale), describing the time after t.

    Several rows of one subject at one time become the largest v; a stale row (v ignored) ends the signal at once.
    """
    db.execute(
        f"""
        CREATE OR REPLACE TABLE {name} AS
        WITH told AS (
            SELECT subject, t, CASE WHEN bool_and(stale) THEN {AWAY} ELSE max(v) FILTER (NOT stale) END AS v,
                max(interval_us) AS interval_us
            FROM ({samples}) GROUP BY subject, t
        ),
        following AS (SELECT *, lead(t) OVER (PARTITION BY subject ORDER BY t) AS next FROM told)
        SELECT subject, t, v FROM following
        UNION ALL
        SELECT subject, t + {SPEAKS_INTERVALS} * interval_us, {AWAY} FROM following
        WHERE v <> {AWAY} AND (next IS NULL OR next > t + {SPEAKS_INTERVALS} * interval_us)
        """
    )
    only_changes(db, name)


def step_spans(steps: str) -> str:
    """Query of a step table as spans (subject, t, next, v); the last span of a subject has no end."""
    return (
        f"(SELECT subject, t, coalesce(lead(t) OVER (PARTITION BY subject ORDER BY t), {FOREVER}) AS next, v"
        f" FROM {steps})"
    )


def only_changes(db: duckdb.DuckDBPyConnection, name: str) -> None:
    """Keeps the rows of a step table that change something; of two rows at one time the larger value counts."""
    db.execute(
        f"""
        CREATE OR REPLACE TABLE {name} AS
        SELECT subject, t, v FROM (SELECT subject, t, max(v) AS v FROM {name} GROUP BY subject, t)
        QUALIFY v IS DISTINCT FROM lag(v) OVER (PARTITION BY subject ORDER BY t)
        ORDER BY subject, t
        """
    )

"""How long something went on without a break, by the ledger's cells."""

from __future__ import annotations


def spells_sql(where: str, keys: str, state: str) -> str:
    """Query over `ledger` of (keys, start_s, end_s, seconds, dollars): each unbroken run of cells in which rows of
    `where` are in the state. `seconds` are accelerator-seconds; dollars are null where a price is unknown."""
    return f"""
        WITH cell AS (
            SELECT {keys}, start, "end", sum(seconds) AS seconds,
                CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
            FROM ledger WHERE state = '{state}' AND ({where}) GROUP BY ALL
        ),
        run AS (
            SELECT *, epoch(start) - 300 * row_number() OVER (PARTITION BY {keys} ORDER BY start) AS run FROM cell
        )
        SELECT {keys}, min(epoch(start)) AS start_s, max(epoch("end")) AS end_s, sum(seconds) AS seconds,
            CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
        FROM run GROUP BY {keys}, run
    """

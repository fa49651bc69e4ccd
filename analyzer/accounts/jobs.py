"""Work without an engine: training and batch. What it held, how well it used it, and how far its ranks lie apart."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Job:
    """A workload whose pods worked and have no engine page. Its `ranks` are the devices (or shares) that worked
    side by side. `spread` is how far the best and the worst rank's effective ratio lie apart in a cell, over their
    mean, averaged over cells: ranks that wait for each other lie close together. What nobody told is None."""

    namespace: str
    workload: str
    ranks: int  # at most at one time
    accelerator_seconds: float
    worked_seconds: float
    dollars: float | None
    effective: float | None
    spread: float | None
    lowest_rank: str  # pod and device; empty where ranks cannot be compared


def jobs(ledger: Ledger) -> list[Job]:
    """The dearest first."""
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    db.execute(_RANKS)
    rows = db.execute(
        """
        WITH held AS (
            SELECT namespace, workload, sum(seconds) AS seconds,
                coalesce(sum(seconds) FILTER (state LIKE 'active-%'), 0) AS worked,
                CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
            FROM ledger_rows WHERE pod <> '' AND model = '' GROUP BY ALL
        ),
        used AS (SELECT namespace, workload, sum(x * seconds) / sum(seconds) AS effective FROM job_rank GROUP BY ALL),
        apart AS (
            SELECT namespace, workload, max(ranks) AS ranks, avg(spread) FILTER (ranks > 1) AS spread FROM (
                SELECT namespace, workload, cell, count(*) AS ranks, (max(x) - min(x)) / nullif(avg(x), 0) AS spread
                FROM job_rank GROUP BY ALL
            ) GROUP BY ALL
        ),
        lowest AS (
            SELECT namespace, workload, arg_min(rank, x) AS rank FROM (
                SELECT namespace, workload, rank, sum(x * seconds) / sum(seconds) AS x FROM job_rank GROUP BY ALL
            ) GROUP BY ALL
        )
        SELECT h.namespace, h.workload, coalesce(a.ranks, 0), h.seconds, h.worked, h.dollars, u.effective, a.spread,
            CASE WHEN a.spread IS NULL THEN '' ELSE l.rank END
        FROM held AS h LEFT JOIN used AS u USING (namespace, workload) LEFT JOIN apart AS a USING (namespace, workload)
        LEFT JOIN lowest AS l USING (namespace, workload)
        WHERE h.worked > 0 ORDER BY h.dollars DESC NULLS LAST, h.seconds DESC, 1, 2
        """
    ).fetchall()
    return [Job(*row) for row in rows]


_RANKS = """
    CREATE OR REPLACE TEMP TABLE job_rank AS
    WITH worked AS (
        SELECT unit, pod, cell, sum(microseconds) / 1e6 AS seconds FROM cell_state WHERE state = 'active' GROUP BY ALL
    )
    SELECT p.namespace, r.workload, p.name || ' ' || d.device_name AS rank, e.cell, e.x, w.seconds
    FROM effective_cell AS e JOIN worked AS w USING (unit, pod, cell) JOIN pod AS p USING (pod)
    JOIN pod_row AS r USING (pod) JOIN pod_group AS g USING (pod) JOIN unit_row AS d USING (unit)
    WHERE g.serving_group NOT IN (SELECT serving_group FROM group_model)
"""

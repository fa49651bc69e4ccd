"""Evidence of work from engines: what their pages say that a holder did (DESIGN 6.3, rule 2).

Pages become step tables with v = WORKS, IDLE or AWAY. An engine's page outranks the device: CUDA polling keeps an
idle card busy.
"""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.pods import Pods
from analyzer.ledger.steps import AWAY, SPEAKS_INTERVALS, only_changes

IDLE, WORKS = 0, 1


def map_engines(inputs: Inputs, pods: Pods, tables: tuple[str, ...]) -> None:
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
    _serving_groups(inputs)
    _pages(inputs)
    _page_spans(inputs)
    _page_steps(inputs)
    _merge_pages(inputs)


def _serving_groups(inputs: Inputs) -> None:
    """serving_group (name, number), and pod_group: the serving group's number of each pod."""
    inputs.db.execute(
        """
        CREATE OR REPLACE TABLE serving_group AS
        SELECT DISTINCT serving_group AS name, CAST(dense_rank() OVER (ORDER BY serving_group) AS INTEGER) AS number
        FROM pod;
        CREATE OR REPLACE TABLE pod_group AS
        SELECT pod, g.number AS serving_group FROM pod JOIN serving_group AS g ON g.name = pod.serving_group;
        """
    )


def _pages(inputs: Inputs) -> None:
    """What pages say: page_row, how many requests run; page_rise, whether tokens rose; page_failed, failed scrapes."""
    inputs.db.execute(
        f"""
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


def _page_spans(inputs: Inputs) -> None:
    """page_span: from one page to the next of the same engine. `near` where the next came in time, `failed` where a
    failed scrape cut the span."""
    inputs.db.execute(
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


def _page_steps(inputs: Inputs) -> None:
    inputs.db.execute(
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
    only_changes(inputs.db, "page_steps")


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

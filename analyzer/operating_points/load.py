"""What engines say of their load: requests running and waiting, and the KV cache, as means over each grain."""

from __future__ import annotations

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.steps import SPEAKS_INTERVALS
from analyzer.operating_points.grain import cut


def group_load(inputs: Inputs, grain: int) -> None:
    """Makes point_running, point_waiting and point_kv_used (serving_group, grain, told, amount, squares, low, high):
    the time in which the group's pages told, microseconds, the integrals of the value and of its square over it, and
    its least and most."""
    for name, table, over_ranks in (
        ("running", "running", "sum"),
        ("waiting", "queued", "sum"),
        ("kv_used", "kv_used", "avg"),
    ):
        inputs.db.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE point_{name} AS
            WITH page AS (
                SELECT page, pod, grain, sum(part) AS told, sum(value * part) AS amount,
                    sum(value * value * part) AS squares, min(value) AS low, max(value) AS high
                FROM {cut(_spans(table, over_ranks, inputs.window.end), grain, inputs)} GROUP BY ALL
            )
            SELECT g.serving_group, p.grain, max(p.told) AS told, sum(p.amount) AS amount, sum(p.squares) AS squares,
                sum(p.low) AS low, sum(p.high) AS high
            FROM page AS p JOIN pod_group AS g USING (pod) GROUP BY ALL
            """
        )


def _spans(table: str, over_ranks: str, end: int) -> str:
    """Query of (page, pod, start_t, end_t, value): a page's word, until its next page if that comes in time. So it is
    told of the very time over which counters tell what they grew by."""
    return f"""
        WITH told AS (
            SELECT m.page, m.pod, x.t, {over_ranks}(x.value) AS value, max(s.interval_us) AS interval_us
            FROM {table} AS x JOIN {table}_pod AS m USING (series) JOIN {table}_series AS s USING (series)
            WHERE NOT isnan(x.value) GROUP BY m.page, m.pod, x.t
        ),
        following AS (SELECT *, lead(t) OVER (PARTITION BY page ORDER BY t) AS next FROM told)
        SELECT page, pod, t AS start_t, next AS end_t, value FROM following
        WHERE next <= t + {SPEAKS_INTERVALS} * interval_us AND next < {end}
    """

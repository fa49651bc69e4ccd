"""What engines count: tokens, requests, modelled FLOPs and bytes, and latency buckets, spread over grains.

The ledger puts an increment into the cell of its later page. Here rates matter and grains are short, so it is spread
evenly over the time between its two pages. A first value and one after a silence tell no rate: they belong to no point.
"""

from __future__ import annotations

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import Inputs, has
from analyzer.ledger.steps import SPEAKS_INTERVALS
from analyzer.operating_points.grain import cut

LATENCIES = ("ttft", "itl", "tpot", "e2e")
_COUNTS = ("prompt", "prompt_cached", "finished", "preemptions")


def group_counts(inputs: Inputs, grain: int) -> None:
    """Makes point_count (serving_group, grain, prompt, prompt_cached, finished, preemptions), point_generated
    (serving_group, grain, amount, low, high: good tokens) and point_bucket (serving_group, grain, latency, le,
    amount)."""
    increments(inputs, "preemptions")
    counts = " UNION ALL ".join(
        f"SELECT serving_group, grain, '{table}' AS name, amount FROM {_spread(inputs, table, grain)}"
        for table in _COUNTS
    )
    columns = ", ".join(f"sum(amount) FILTER (name = '{table}') AS {table}" for table in _COUNTS)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_count AS
        SELECT serving_group, grain, {columns} FROM ({counts}) GROUP BY ALL;
        CREATE OR REPLACE TEMP TABLE point_generated AS
        SELECT x.serving_group, x.grain, sum(x.amount) AS amount, sum(x.amount * coalesce(q.low, b.low)) AS low,
            sum(x.amount * coalesce(q.high, b.high)) AS high
        FROM {_spread(inputs, "generation", grain)} AS x CROSS JOIN no_news AS b
        LEFT JOIN group_good AS q ON q.serving_group = x.serving_group AND q.cell = x.cell
        GROUP BY ALL
        """
    )
    _buckets(inputs, grain)


def modelled_work(inputs: Inputs, grain: int) -> None:
    """Makes point_work (serving_group, grain, flops, bytes): per device, as the engine models it."""
    per_device = """
        SELECT serving_group, grain, avg(amount) AS amount FROM (
            SELECT serving_group, grain, page, engine, sum(amount) AS amount FROM {spread} GROUP BY ALL
        ) GROUP BY ALL
    """
    flops, moved = (per_device.format(spread=_spread(inputs, table, grain)) for table in ("flops", "bytes"))
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_work AS
        SELECT serving_group, grain, f.amount AS flops, b.amount AS bytes
        FROM ({flops}) AS f FULL JOIN ({moved}) AS b USING (serving_group, grain)
        """
    )


def _buckets(inputs: Inputs, grain: int) -> None:
    known = [latency for latency in LATENCIES if has(inputs, f"{latency}_bucket")]
    for latency in known:
        increments(inputs, f"{latency}_bucket")
    union = " UNION ALL ".join(
        f"""
        SELECT serving_group, grain, '{latency}' AS latency, CAST(replace(le, '+Inf', 'inf') AS DOUBLE) AS le,
            sum(amount) AS amount
        FROM {_spread(inputs, f"{latency}_bucket", grain)} GROUP BY ALL
        """
        for latency in known
    )
    nothing = "SELECT 0 AS serving_group, 0::BIGINT AS grain, '' AS latency, 0.0 AS le, 0.0 AS amount LIMIT 0"
    inputs.db.execute(f"CREATE OR REPLACE TEMP TABLE point_bucket AS {union or nothing}")


def _spread(inputs: Inputs, table: str, grain: int) -> str:
    """Query of the increments of a counter, cut into grains: (serving_group, page, cell, labels..., grain, amount)."""
    spans = f"""
        SELECT s.* EXCLUDE (series, interval_us), p.serving_group, g.page, g.cell, g.amount,
            g.before_t AS start_t, g.t AS end_t
        FROM {table}_grown AS g JOIN {table}_series AS s USING (series) JOIN pod_group AS p ON p.pod = g.pod
        WHERE g.t - g.before_t <= {SPEAKS_INTERVALS} * s.interval_us
    """
    return f"(SELECT * REPLACE (amount * part / length AS amount) FROM {cut(spans, grain, inputs)})"

"""Operating points: what one model on one instance type with one setting did in each grain of time, and what it cost.

They are what utilization is held against tokens per dollar with, and what a throughput curve is fitted to.
"""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.ledger import Ledger
from analyzer.operating_points.counted import LATENCIES, group_counts, modelled_work
from analyzer.operating_points.grain import grain_microseconds
from analyzer.operating_points.held import group_activity, group_held, group_peak
from analyzer.operating_points.identity import group_identity
from analyzer.operating_points.load import group_load

KEY = ("cluster", "namespace", "workload", "model", "engine", "instance_type", "capacity_type", "settings")


def points_of(ledger: Ledger, grain_seconds: float | None = None) -> pa.Table:
    """One row for each KEY and grain in which an engine answered; cells, in short windows less, unless asked.

    `replicas` is the mean number of serving groups that answered, `accelerators` the mean number of devices that they
    held. `running`, `waiting` are means of all replicas together, `running_low`, `running_high` their least and most;
    `running_met` is how many run on a replica when a request does, on average over requests, not over time;
    tokens, requests and dollars are sums; busy, effective, compute, memory, mfu, mbu are means over held time. A
    latency is a list of (le, count) that rose by so much. Null is what nobody told: dollars without a price, latencies
    without an SLO that asks for them. `counters` tells whether mfu and mbu are on, off or absent.
    """
    inputs = ledger.inputs
    grain = grain_microseconds(inputs, grain_seconds)
    _grains(inputs, grain)
    group_load(inputs, grain)
    group_counts(inputs, grain)
    modelled_work(inputs, grain)
    group_held(inputs, grain)
    group_activity(inputs, grain)
    group_peak(inputs)
    group_identity(inputs)
    return inputs.db.sql(_rows()).to_arrow_table()


def _grains(inputs: Inputs, grain: int) -> None:
    """Makes point_grain (grain, seconds): how long each is inside the window."""
    start, end = inputs.window.start, inputs.window.end
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_grain AS
        SELECT grain, (least(grain + {grain}, {end}) - greatest(grain, {start})) / 1e6 AS seconds
        FROM (SELECT unnest(range({start} // {grain}, ({end} - 1) // {grain} + 1)) * {grain} AS grain)
        """
    )


def _rows() -> str:
    """Groups side by side first, then added up over the groups that are the same thing."""
    names = ", ".join(KEY)
    latencies = ", ".join(f"any_value(b.{name}) AS {name}" for name in LATENCIES)
    return f"""
        WITH one AS ({_groups()}),
        buckets AS ({_latencies()})
        SELECT {names}, sum(told) / any_value(seconds) AS replicas,
            sum(device_seconds) / any_value(seconds) AS accelerators, make_timestamptz(grain) AS start,
            any_value(seconds) AS seconds, sum(running) / any_value(seconds) AS running,
            sum(running_squares) / nullif(sum(running), 0) AS running_met,
            sum(running_low) AS running_low, sum(running_high) AS running_high,
            sum(waiting) / any_value(seconds) AS waiting, sum(prompt) AS prompt_tokens,
            sum(prompt - prompt_cached) AS prompt_computed_tokens, coalesce(sum(generated), 0) AS generated_tokens,
            coalesce(sum(good_low), 0) AS good_low, coalesce(sum(good_high), 0) AS good_high,
            sum(finished) AS requests, sum(preemptions) AS preemptions,
            sum(kv_used) / sum(kv_told) AS kv_used, sum(busy) / sum(busy_long) AS busy,
            coalesce(sum(effective) / sum(effective_long), greatest(sum(mfu), sum(mbu)) / sum(told)) AS effective,
            sum(compute) / sum(compute_long) AS compute, sum(memory) / sum(memory_long) AS memory,
            CASE WHEN sum(effective_long) > 0 THEN 'device'
                WHEN sum(mfu) IS NOT NULL OR sum(mbu) IS NOT NULL THEN 'engine' ELSE '' END AS effective_source,
            sum(mfu) / sum(told) AS mfu, sum(mbu) / sum(told) AS mbu,
            CASE WHEN bool_or('on' = counters) THEN 'on' WHEN bool_or('off' = counters) THEN 'off' ELSE 'absent' END
                AS counters,
            CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars, {latencies}
        FROM one LEFT JOIN buckets AS b USING ({names}, grain)
        GROUP BY {names}, grain ORDER BY {names}, grain
    """


def _groups() -> str:
    """Query of each serving group in each grain; mfu and mbu times the seconds that it answered."""
    return """
        SELECT i.* REPLACE (coalesce(h.instance_type, i.instance_type) AS instance_type,
                coalesce(h.capacity_type, i.capacity_type) AS capacity_type),
            r.grain, s.seconds, r.told / 1e6 AS told, r.amount / 1e6 AS running,
            r.squares / 1e6 AS running_squares, r.low AS running_low,
            r.high AS running_high, w.amount / 1e6 AS waiting, k.amount AS kv_used, k.told AS kv_told,
            c.* EXCLUDE (serving_group, grain), t.amount AS generated, t.low AS good_low, t.high AS good_high,
            h.device_seconds, h.dollars,
            a.* EXCLUDE (serving_group, grain),
            CASE WHEN i.counters = 'on' THEN coalesce(m.flops, 0) / p.flops END AS mfu,
            CASE WHEN i.counters = 'on' THEN coalesce(m.bytes, 0) / p.bytes_per_second END AS mbu
        FROM point_running AS r JOIN point_group AS i USING (serving_group) JOIN point_grain AS s USING (grain)
        LEFT JOIN point_waiting AS w USING (serving_group, grain)
        LEFT JOIN point_kv_used AS k USING (serving_group, grain)
        LEFT JOIN point_count AS c USING (serving_group, grain)
        LEFT JOIN point_generated AS t USING (serving_group, grain)
        LEFT JOIN point_held AS h USING (serving_group, grain)
        LEFT JOIN point_activity AS a USING (serving_group, grain)
        LEFT JOIN point_work AS m USING (serving_group, grain)
        LEFT JOIN point_peak AS p USING (serving_group)
    """


def _latencies() -> str:
    """Query of the latencies of each key and grain, each as a list of (le, count)."""
    lists = ", ".join(
        f"list({{'le': le, 'count': amount}} ORDER BY le) FILTER (latency = '{name}') AS {name}" for name in LATENCIES
    )
    names = ", ".join(KEY)
    return f"""
        SELECT {names}, grain, {lists} FROM (
            SELECT {names}, o.grain, b.latency, b.le, sum(b.amount) AS amount
            FROM one AS o JOIN point_bucket AS b USING (serving_group, grain) GROUP BY ALL
        ) GROUP BY ALL
    """

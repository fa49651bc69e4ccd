"""Which share of a serving group's output was good in a cell: bounds, because histograms are marginal (DESIGN 6.3)."""

from __future__ import annotations

from analyzer.ledger.counters import increments
from analyzer.ledger.inputs import Inputs, has
from analyzer.slo import Limit, Slo

BAD_REASONS = ("abort", "error")
# Where an engine does not record time per output token per request, the gap between output events stands in.
_STAND_INS = {"tpot": "itl"}


def good_shares(inputs: Inputs, slo: Slo) -> None:
    """Makes group_good (serving_group, cell, low, high): bounds of the share of output that was good."""
    increments(inputs, "finished")
    parts = [_limit_share(inputs, limit) for limit in slo.limits]
    bad = ", ".join(f"'{reason}'" for reason in BAD_REASONS)
    nothing = "SELECT 0 AS serving_group, 0::BIGINT AS cell, 1.0 AS low, 1.0 AS high LIMIT 0"
    union = " UNION ALL ".join(f"({part})" for part in parts or [nothing])
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE group_good AS
        WITH ended AS (
            SELECT p.serving_group, g.cell,
                sum(g.amount) FILTER (s.reason IN ({bad})) / nullif(sum(g.amount), 0) AS bad
            FROM finished_grown AS g JOIN finished_series AS s USING (series) JOIN pod_group AS p ON p.pod = g.pod
            GROUP BY p.serving_group, g.cell
        ),
        limits AS (
            SELECT serving_group, cell, count(*) AS told, sum(low) AS low, min(high) AS high FROM ({union})
            GROUP BY serving_group, cell
        ),
        joint AS (
            SELECT coalesce(e.serving_group, l.serving_group) AS serving_group, coalesce(e.cell, l.cell) AS cell,
                coalesce(e.bad, 0) AS bad,
                CASE WHEN coalesce(l.told, 0) < {len(slo.limits)} THEN 0 ELSE coalesce(l.low, 1) END
                    - {max(0, len(slo.limits) - 1)} AS low,
                coalesce(l.high, 1) AS high
            FROM ended AS e FULL JOIN limits AS l ON l.serving_group = e.serving_group AND l.cell = e.cell
        )
        SELECT serving_group, cell, greatest(0, least(low - bad, high, 1 - bad)) AS low,
            greatest(0, least(high, 1 - bad)) AS high
        FROM joint
        """
    )


def _limit_share(inputs: Inputs, limit: Limit) -> str:
    """Query of (serving_group, cell, low, high): the share within one limit, between the buckets that bracket it.

    Answers of one token record a time per output token of 0 and would flatter the share: they are taken out where
    the histogram of answer lengths tells of them.
    """
    table = f"{limit.quantity}_bucket"
    if not has(inputs, table) and limit.quantity in _STAND_INS:
        table = f"{_STAND_INS[limit.quantity]}_bucket"
    if not has(inputs, table):
        return "SELECT 0 AS serving_group, 0::BIGINT AS cell, 0.0 AS low, 1.0 AS high LIMIT 0"
    increments(inputs, table)
    one_token = "SELECT NULL::INTEGER AS serving_group, NULL::BIGINT AS cell, 0.0 AS amount LIMIT 0"
    if table == "tpot_bucket" and has(inputs, "length_bucket"):
        increments(inputs, "length_bucket")
        one_token = """
            SELECT p.serving_group, g.cell, sum(g.amount) AS amount
            FROM length_bucket_grown AS g JOIN length_bucket_series AS s USING (series)
            JOIN pod_group AS p ON p.pod = g.pod
            WHERE try_cast(s.le AS DOUBLE) = 1 GROUP BY p.serving_group, g.cell
        """
    return f"""(
        WITH grown AS (
            SELECT p.serving_group, g.cell, CAST(replace(s.le, '+Inf', 'inf') AS DOUBLE) AS le, sum(g.amount) AS amount
            FROM {table}_grown AS g JOIN {table}_series AS s USING (series) JOIN pod_group AS p ON p.pod = g.pod
            GROUP BY ALL
        ),
        counted AS (
            SELECT serving_group, cell, max(amount) FILTER (isinf(le)) AS everything,
                coalesce(max(amount) FILTER (le <= {limit.seconds!r} * (1 + 1e-9)), 0) AS inside_low,
                min(amount) FILTER (le >= {limit.seconds!r} * (1 - 1e-9)) AS inside_high
            FROM grown GROUP BY serving_group, cell
        ),
        corrected AS (
            SELECT c.*, least(coalesce(o.amount, 0), c.inside_low) AS one
            FROM counted AS c LEFT JOIN ({one_token}) AS o ON o.serving_group = c.serving_group AND o.cell = c.cell
        )
        SELECT serving_group, cell, least(1, (inside_low - one) / (everything - one)) AS low,
            least(1, (coalesce(inside_high, everything) - one) / (everything - one)) AS high
        FROM corrected WHERE everything - one > 0
    )"""

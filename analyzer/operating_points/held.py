"""What serving groups hold and what it did: devices, dollars, busy and effective ratio, per grain."""

from __future__ import annotations

from analyzer.ledger.inputs import Inputs
from analyzer.operating_points.grain import cut

ACTIVITIES = ("busy", "effective", "compute", "memory")


def group_held(inputs: Inputs, grain: int) -> None:
    """Makes point_held (serving_group, grain, instance_type, capacity_type, device_seconds, dollars): dollars are
    null where any part of it has no price. A group that moved is where it held most."""
    spans = """
        SELECT greatest(s.start_t, p.start_t) AS start_t, least(s.end_t, p.end_t) AS end_t, g.serving_group,
            n.instance_type, n.capacity_type, u.parts / u.whole AS share, p.device_dollars_per_hour
        FROM segment AS s JOIN node_price AS p ON p.node = s.node AND p.start_t < s.end_t AND p.end_t > s.start_t
        JOIN unit AS u ON u.unit = s.unit JOIN pod_group AS g ON g.pod = s.pod JOIN node_row AS n ON n.node = s.node
    """
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_held AS
        WITH placed AS (
            SELECT serving_group, grain, instance_type, capacity_type, sum(part / 1e6 * share) AS device_seconds,
                CASE WHEN bool_and(device_dollars_per_hour IS NOT NULL)
                    THEN sum(part / 3.6e9 * share * device_dollars_per_hour) END AS dollars
            FROM {cut(spans, grain, inputs)} GROUP BY ALL
        )
        SELECT serving_group, grain, arg_max(instance_type, device_seconds) AS instance_type,
            arg_max(capacity_type, device_seconds) AS capacity_type, sum(device_seconds) AS device_seconds,
            CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
        FROM placed GROUP BY ALL
        """
    )


def group_activity(inputs: Inputs, grain: int) -> None:
    """Makes point_activity (serving_group, grain, busy, busy_long and so for effective, compute and memory): sums over
    the samples of the devices that the group held, idle time included, each weighted with the time that it is the
    mean of."""
    sums = ", ".join(
        f"sum({name} * long) AS {name}, sum(long) FILTER ({name} IS NOT NULL) AS {name}_long" for name in ACTIVITIES
    )
    columns = ", ".join(f"a.{name}" for name in ACTIVITIES)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_activity AS
        WITH sample AS (
            SELECT u.unit, u.parts / u.whole * (a.t - a.since) AS long, (a.t + a.since) // 2 AS middle, {columns}
            FROM activity AS a JOIN unit AS u ON u.device = a.device AND u.mig = a.mig
        ),
        placed AS (
            SELECT x.*, s.pod, s.end_t FROM sample AS x ASOF JOIN segment AS s
            ON x.unit = s.unit AND x.middle >= s.start_t
        )
        SELECT g.serving_group, x.middle // {grain} * {grain} AS grain, {sums}
        FROM placed AS x JOIN pod_group AS g USING (pod)
        WHERE x.middle < x.end_t AND x.middle >= {inputs.window.start} AND x.middle < {inputs.window.end}
        GROUP BY ALL
        """
    )


def group_peak(inputs: Inputs) -> None:
    """Makes point_peak (serving_group, flops, bytes_per_second): what one of its devices can do at best, dense and
    16 bit; the least of them where they differ."""
    inputs.db.execute(
        """
        CREATE OR REPLACE TEMP TABLE point_peak AS
        SELECT h.serving_group, min(p.flops) AS flops, min(p.bytes_per_second) AS bytes_per_second
        FROM held AS h JOIN device_peak AS p USING (device) GROUP BY ALL
        """
    )

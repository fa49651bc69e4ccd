"""Which serving groups are the same thing to compare: one model, on one instance type, set one way."""

from __future__ import annotations

from analyzer.ledger.inputs import Inputs

_UNSET = "'', 'None', 'auto'"


def group_identity(inputs: Inputs) -> None:
    """Makes point_group (serving_group, cluster, namespace, workload, model, engine, instance_type, capacity_type,
    settings, counters). Types are where the group held most, empty where nobody saw it hold a device. `counters`
    tells whether the engine's FLOP and byte counters are on, off (0 beside tokens that rose) or absent."""
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE point_group AS
        WITH engine AS (
            SELECT g.serving_group, min(p.cluster) AS cluster, min(p.namespace) AS namespace,
                min(w.workload) AS workload, min(s.producer) AS engine
            FROM running_pod AS m JOIN running_series AS s USING (series) JOIN pod_group AS g ON g.pod = m.pod
            JOIN pod AS p ON p.pod = m.pod JOIN pod_row AS w ON w.pod = m.pod GROUP BY g.serving_group
        ),
        most AS (
            SELECT serving_group, arg_max(instance_type, device_seconds) AS instance_type,
                arg_max(capacity_type, device_seconds) AS capacity_type FROM point_held GROUP BY serving_group
        ),
        counted AS (
            SELECT p.serving_group, CASE WHEN sum(x.amount) > 0 THEN 'on' ELSE 'off' END AS counters
            FROM flops_grown AS x JOIN pod_group AS p USING (pod) GROUP BY p.serving_group
        )
        SELECT e.*, coalesce(m.model, '') AS model, coalesce(h.instance_type, '') AS instance_type,
            coalesce(h.capacity_type, '') AS capacity_type,
            concat_ws(', ', d.devices, {_settings()}) AS settings, coalesce(c.counters, 'absent') AS counters
        FROM engine AS e LEFT JOIN group_model AS m USING (serving_group) LEFT JOIN most AS h USING (serving_group)
        LEFT JOIN counted AS c USING (serving_group) LEFT JOIN ({_devices()}) AS d USING (serving_group)
        LEFT JOIN ({_told()}) AS t USING (serving_group)
        """
    )


def _settings() -> str:
    return f"""
        CASE WHEN t.prefix_caching NOT IN ({_UNSET})
            THEN 'prefix caching ' || CASE t.prefix_caching WHEN 'True' THEN 'on' ELSE 'off' END END,
        CASE WHEN t.kv_dtype NOT IN ({_UNSET}) THEN 'KV ' || t.kv_dtype END,
        CASE WHEN t.block_tokens NOT IN ({_UNSET}) THEN 'blocks of ' || t.block_tokens END,
        CASE WHEN t.fixed_blocks NOT IN ({_UNSET}) THEN t.fixed_blocks || ' blocks' END,
        CASE WHEN t.memory_share NOT IN ({_UNSET}) THEN 'memory ' || t.memory_share END
    """


def _devices() -> str:
    """How many devices a group held at most over a whole grain: a pod of two is another thing than a pod of eight."""
    return """
        SELECT serving_group,
            CASE round(max(devices), 2) WHEN 1 THEN '1 device' ELSE format('{:g} devices', round(max(devices), 2)) END
                AS devices
        FROM (
            SELECT h.serving_group, h.device_seconds / s.seconds AS devices
            FROM point_held AS h JOIN point_grain AS s USING (grain)
        ) GROUP BY serving_group
    """


def _told() -> str:
    """The newest settings that a group's pages told."""
    return """
        SELECT g.serving_group, arg_max(s.prefix_caching, x.t) AS prefix_caching, arg_max(s.kv_dtype, x.t) AS kv_dtype,
            arg_max(s.block_tokens, x.t) AS block_tokens, arg_max(s.fixed_blocks, x.t) AS fixed_blocks,
            arg_max(s.memory_share, x.t) AS memory_share
        FROM settings AS x JOIN settings_series AS s USING (series) JOIN settings_pod AS m USING (series)
        JOIN pod_group AS g ON g.pod = m.pod WHERE NOT isnan(x.value) GROUP BY g.serving_group
    """

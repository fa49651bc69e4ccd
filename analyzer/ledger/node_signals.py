"""What is known of nodes over time: Ready or not, once usable, on the way out; and when nothing told of anything."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import ACCELERATOR_RESOURCE, Node
from analyzer.ledger.steps import FOREVER, state_steps
from analyzer.ledger.telling import PODS_TOLD

# A node that was made longer ago than this before its first sample is taken to have been Ready once.
_ONCE_READY_US = 3_600_000_000

# Taints that mean: this node is on its way out. Cordoning sets spec.unschedulable as well.
DRAIN_TAINTS = (
    "karpenter.sh/disrupted",
    "karpenter.sh/disruption",
    "ToBeDeletedByClusterAutoscaler",
    "node.kubernetes.io/unschedulable",
    "aws-node-termination-handler/spot-itn",
)


def node_signals(inputs: Inputs, nodes: list[Node]) -> None:
    """Makes the step tables node_ready_steps, node_drain_steps (subject: node number), kube_steps and store_steps
    (subject: position of the cluster), and node_once_ready (node, t: first time usable)."""
    db = inputs.db
    clusters = sorted({node.cluster for node in nodes})
    table_of(
        db,
        "node",
        {
            "node": pa.array([node.number for node in nodes], pa.int32()),
            "cluster_number": pa.array([clusters.index(node.cluster) for node in nodes], pa.int32()),
            "cluster": pa.array([node.cluster for node in nodes], pa.string()),
            "name": pa.array([node.name for node in nodes], pa.string()),
            "start_t": pa.array([node.start for node in nodes], pa.int64()),
            "end_t": pa.array([node.end for node in nodes], pa.int64()),
            "created": pa.array([node.created for node in nodes], pa.int64()),
            "is_registered": pa.array([node.is_registered for node in nodes], pa.bool_()),
        },
    )
    table_of(
        db,
        "node_type",
        {
            "node": pa.array([node.number for node in nodes], pa.int32()),
            "instance_type": pa.array([node.shape.instance_type for node in nodes], pa.string()),
        },
    )
    db.execute("CREATE OR REPLACE TABLE cluster AS SELECT DISTINCT cluster_number, cluster FROM node")
    _readiness(inputs)
    _draining(inputs)
    _once_ready(inputs)
    _silences(inputs)


def _readiness(inputs: Inputs) -> None:
    state_steps(
        inputs.db,
        "node_ready_steps",
        """
        SELECT n.node AS subject, r.t, CAST(r.value > 0 AS INTEGER) AS v, s.interval_us, isnan(r.value) AS stale
        FROM node_ready AS r JOIN node_ready_series AS s USING (series)
        JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
        """,
    )


def _draining(inputs: Inputs) -> None:
    """Cordoned or drain-tainted. A taint's series vanishes with the taint, so it is looked for on each page."""
    taints = ", ".join(f"'{taint}'" for taint in DRAIN_TAINTS)
    state_steps(
        inputs.db,
        "node_drain_steps",
        f"""
        WITH pages AS (
            SELECT n.node, r.t, s.interval_us, 0 AS v FROM node_ready AS r JOIN node_ready_series AS s USING (series)
            JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node WHERE NOT isnan(r.value)
        ),
        leaving AS (
            SELECT n.node, u.t, s.interval_us, CAST(u.value > 0 AS INTEGER) AS v
            FROM node_unschedulable AS u JOIN node_unschedulable_series AS s USING (series)
            JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node WHERE NOT isnan(u.value)
            UNION ALL
            SELECT n.node, x.t, s.interval_us, 1 FROM node_taint AS x JOIN node_taint_series AS s USING (series)
            JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
            WHERE isfinite(x.value) AND x.value > 0 AND s.key IN ({taints})
        )
        SELECT node AS subject, t, v, interval_us, false AS stale
        FROM (SELECT * FROM pages UNION ALL SELECT * FROM leaving)
        """,
    )


def _once_ready(inputs: Inputs) -> None:
    """First time that a node was Ready with its accelerators allocatable; never for a machine without a node."""
    offers = _offers(inputs)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TABLE node_once_ready AS
        WITH pages AS (
            SELECT n.node, n.created, r.t, r.value > 0 AND (o.offered IS NULL OR o.offered) AS usable
            FROM node_ready AS r JOIN node_ready_series AS s USING (series)
            JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
            LEFT JOIN ({offers}) AS o ON o.cluster = s.cluster AND o.node = s.node AND o.t = r.t
            WHERE NOT isnan(r.value) AND r.t >= n.start_t - 86400000000 AND r.t < n.end_t
        )
        SELECT node,
            CASE WHEN any_value(created) < min(t) - {_ONCE_READY_US} THEN 0
            ELSE coalesce(min(t) FILTER (usable), {FOREVER}) END AS t
        FROM pages GROUP BY node
        UNION ALL
        SELECT node, {FOREVER} FROM node WHERE NOT is_registered
        """
    )


def _offers(inputs: Inputs) -> str:
    """Query of (cluster, node, t, offered): whether a node's page showed allocatable accelerators."""
    return f"""
        SELECT s.cluster, s.node, a.t, max(a.value) > 0 AS offered
        FROM node_allocatable AS a JOIN node_allocatable_series AS s USING (series)
        WHERE NOT isnan(a.value) AND regexp_full_match(s.resource, '{ACCELERATOR_RESOURCE.pattern}')
        GROUP BY ALL
    """


def _silences(inputs: Inputs) -> None:
    """kube_steps: somebody tells of pods and of what they ask for. store_steps: anything at all tells."""
    state_steps(
        inputs.db,
        "kube_steps",
        f"""
        SELECT c.cluster_number AS subject, p.t, 1 AS v, max(p.interval_us) AS interval_us, false AS stale
        FROM ({PODS_TOLD}) AS p JOIN cluster AS c USING (cluster)
        WHERE p.cluster IN (SELECT cluster FROM pod_requested_series) GROUP BY c.cluster_number, p.t
        """,
    )
    anything = " UNION ALL ".join(
        f"SELECT c.cluster_number, x.t, s.interval_us FROM {table} AS x JOIN {table}_series AS s USING (series)"
        " JOIN cluster AS c USING (cluster) WHERE NOT isnan(x.value)"
        for table in ("target_up", "node_info", "accelerator", "running")
    )
    state_steps(
        inputs.db,
        "store_steps",
        f"""
        SELECT cluster_number AS subject, t, 1 AS v, max(interval_us) AS interval_us, false AS stale
        FROM ({anything}) GROUP BY cluster_number, t
        """,
    )

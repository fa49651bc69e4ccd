"""Free devices that are free in name only: too few for any request, or without CPU and memory beside them."""

from __future__ import annotations

import pyarrow as pa

from analyzer.ledger.claims import Claim
from analyzer.ledger.devices import WHOLE
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import ACCELERATOR_RESOURCE, Node
from analyzer.ledger.pods import Pods, finished_pods
from analyzer.ledger.steps import FOREVER, state_steps, step_spans


def split_free(inputs: Inputs, nodes: list[Node], pods: Pods, claims: list[Claim]) -> None:
    """Renames `free` segments of whole devices to free-fragmented and free-stranded, cut where that changes."""
    _smallest_requests(inputs, nodes, claims)
    _exhausted(inputs, pods)
    inputs.db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE free_count AS
        WITH changes AS (
            SELECT node, t, sum(delta) AS delta FROM (
                SELECT s.node, s.start_t AS t, 1 AS delta FROM segment AS s JOIN unit AS u USING (unit)
                WHERE s.state = 'free' AND u.kind = '{WHOLE}'
                UNION ALL
                SELECT s.node, s.end_t, -1 FROM segment AS s JOIN unit AS u USING (unit)
                WHERE s.state = 'free' AND u.kind = '{WHOLE}'
            ) GROUP BY node, t
        )
        SELECT node, t, coalesce(lead(t) OVER w, {FOREVER}) AS next, sum(delta) OVER w AS free
        FROM changes WINDOW w AS (PARTITION BY node ORDER BY t);

        CREATE OR REPLACE TEMP TABLE free_part AS
        WITH counted AS (
            SELECT s.* REPLACE (greatest(s.start_t, f.t) AS start_t, least(s.end_t, f.next) AS end_t), f.free
            FROM segment AS s JOIN unit AS u USING (unit) JOIN free_count AS f
                ON f.node = s.node AND f.t < s.end_t AND f.next > s.start_t
            WHERE s.state = 'free' AND u.kind = '{WHOLE}'
        ),
        stranded AS (
            SELECT subject AS node, t, next, v FROM {step_spans("exhausted_steps")}
            UNION ALL
            SELECT node, 0, coalesce((SELECT min(t) FROM exhausted_steps WHERE subject = node), {FOREVER}), 0 FROM node
        )
        SELECT c.* REPLACE (
            greatest(c.start_t, x.t) AS start_t, least(c.end_t, x.next) AS end_t,
            CASE
                WHEN c.free < coalesce(r.smallest, 0) THEN 'free-fragmented'
                WHEN x.v = 1 THEN 'free-stranded'
                ELSE 'free'
            END AS state
        )
        FROM counted AS c JOIN stranded AS x ON x.node = c.node AND x.t < c.end_t AND x.next > c.start_t
        LEFT JOIN smallest_request AS r ON r.node = c.node;

        DELETE FROM segment WHERE state = 'free' AND unit IN (SELECT unit FROM unit WHERE kind = '{WHOLE}');
        INSERT INTO segment SELECT * EXCLUDE (free) FROM free_part;
        """
    )


def _smallest_requests(inputs: Inputs, nodes: list[Node], claims: list[Claim]) -> None:
    """smallest_request (node, smallest): the fewest devices that any pod asks for, bound to a node of this instance
    type or still pending. Nobody asks for fewer: what is left below that is of no use."""
    type_of = {(node.cluster, node.name): node.shape.instance_type for node in nodes}
    by_type: dict[str, float] = {}
    for claim in claims:
        if claim.kind == "gpu" and claim.place in type_of:
            kind = type_of[claim.place]
            by_type[kind] = min(claim.count, by_type.get(kind, claim.count))
    pending = inputs.db.execute(
        """
        WITH asked AS (
            SELECT s.cluster, s.namespace, s.pod, s.uid, sum(m.value) AS devices
            FROM (SELECT series, max(value) AS value FROM pod_requested WHERE isfinite(value) GROUP BY series) AS m
            JOIN pod_requested_series AS s USING (series)
            WHERE s.node = '' AND s.resource IN ('nvidia_com_gpu', 'aws_amazon_com_neuron') GROUP BY ALL
        )
        SELECT min(devices) FROM asked WHERE devices > 0
        """
    ).fetchall()[0][0]
    smallest = [
        min(number for number in (by_type.get(node.shape.instance_type), pending) if number is not None)
        if by_type.get(node.shape.instance_type) is not None
        else None
        for node in nodes
    ]
    table_of(
        inputs.db,
        "smallest_request",
        {
            "node": pa.array([node.number for node in nodes], pa.int32()),
            "smallest": pa.array(smallest, pa.float64()),
        },
    )


def _exhausted(inputs: Inputs, pods: Pods) -> None:
    """exhausted_steps (subject: node number): 1 while less CPU or memory is left than the least that an accelerator
    pod on this node's instance type asks for. Requests of finished pods do not count."""
    ended = finished_pods(inputs, pods)
    table_of(
        inputs.db,
        "pod_finished",
        {
            "pod": pa.array([pod for pod, _ in ended], pa.int32()),
            "uid": pa.array([uid for _, uid in ended], pa.string()),
            "t": pa.array(list(ended.values()), pa.int64()),
        },
    )
    _hosts(inputs)
    state_steps(
        inputs.db,
        "exhausted_steps",
        f"""
        WITH needed AS (
            SELECT instance_type, resource, min(amount) AS least_amount FROM (
                SELECT q.instance_type, q.resource, q.pod, q.uid, sum(m.value) AS amount
                FROM host_request AS q JOIN (
                    SELECT series, max(value) AS value FROM pod_requested WHERE isfinite(value) GROUP BY series
                ) AS m USING (series)
                WHERE q.resource IN ('cpu', 'memory') AND (q.pod, q.uid) IN (
                    SELECT (pod, uid) FROM host_request
                    WHERE regexp_full_match(resource, '{ACCELERATOR_RESOURCE.pattern}')
                ) GROUP BY ALL
            ) GROUP BY ALL
        )
        SELECT u.node AS subject, u.t, CAST(o.value - u.amount < d.least_amount AS INTEGER) AS v, u.interval_us,
            false AS stale
        FROM host_requested AS u JOIN host_offered AS o ON o.node = u.node AND o.resource = u.resource AND o.t = u.t
        JOIN needed AS d ON d.instance_type = u.instance_type AND d.resource = u.resource
        """,
    )


def _hosts(inputs: Inputs) -> None:
    """host_request (series and whose it is), host_requested (node, instance_type, resource, t, amount): CPU and memory
    that pods ask for, and host_offered (node, resource, t, value): what the node has for them."""
    inputs.db.execute(
        """
        CREATE OR REPLACE TEMP TABLE host_request AS
        SELECT s.series, s.resource, s.interval_us, p.pod, s.uid, n.node, r.instance_type
        FROM pod_requested_series AS s JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
        JOIN node_type AS r ON r.node = n.node
        JOIN pod AS p ON p.cluster = s.cluster AND p.namespace = s.namespace AND p.name = s.pod;

        CREATE OR REPLACE TEMP TABLE host_requested AS
        SELECT q.node, q.instance_type, q.resource, x.t, sum(x.value) AS amount, max(q.interval_us) AS interval_us
        FROM pod_requested AS x JOIN host_request AS q USING (series)
        LEFT JOIN pod_finished AS f ON f.pod = q.pod AND f.uid = q.uid
        WHERE isfinite(x.value) AND q.resource IN ('cpu', 'memory') AND (f.t IS NULL OR f.t > x.t) GROUP BY ALL;

        CREATE OR REPLACE TEMP TABLE host_offered AS
        SELECT n.node, s.resource, a.t, a.value
        FROM node_allocatable AS a JOIN node_allocatable_series AS s USING (series)
        JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
        WHERE isfinite(a.value) AND s.resource IN ('cpu', 'memory');
        """
    )

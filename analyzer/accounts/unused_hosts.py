"""CPU and memory of accelerator nodes that no pod asked for, as dollars.

A node is bought whole, and the ledger puts its whole price on its devices. This is a view inside that price, by the
weights of AWS's split cost allocation for nodes with accelerators: 9 for a device, 0.9 for a vCPU, 0.1 for a GiB.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.ledger.ledger import Ledger

METHOD = "AWS split cost allocation (device 9, vCPU 0.9, GiB 0.1)"
_DEVICE, _CPU, _GIB = 9.0, 0.9, 0.1
_BYTES = 2.0**30


@dataclass(frozen=True, slots=True)
class UnusedHost:
    """All nodes of one instance type. `cpu` and `memory` are the shares that no pod asked for (0 to 1). `dollars` is
    None where no node of the type has a price; nodes that do not tell their size, or their pods' requests, are
    not in it."""

    instance_type: str
    nodes: int
    cpu: float
    memory: float
    dollars: float | None


def unused_hosts(ledger: Ledger) -> list[UnusedHost]:
    """The dearest first."""
    rows = ledger.inputs.db.execute(
        f"""
        WITH size AS (
            SELECT n.node, s.resource, avg(x.value) AS has
            FROM node_capacity AS x JOIN node_capacity_series AS s USING (series)
            JOIN node AS n ON n.cluster = s.cluster AND n.name = s.node
            WHERE isfinite(x.value) AND s.resource IN ('cpu', 'memory') GROUP BY ALL
        ),
        left_over AS (
            SELECT o.node, o.resource, avg(o.value) AS offered, avg(greatest(0, o.value - u.amount)) AS free
            FROM host_offered AS o JOIN host_requested AS u USING (node, resource, t)
            WHERE o.t >= {ledger.window.start} AND o.t < {ledger.window.end} GROUP BY ALL
        ),
        wide AS (
            SELECT node, any_value(has) FILTER (resource = 'cpu') AS cpu,
                any_value(has) FILTER (resource = 'memory') / {_BYTES} AS gib,
                any_value(free) FILTER (resource = 'cpu') AS free_cpu,
                any_value(free) FILTER (resource = 'memory') / {_BYTES} AS free_gib,
                any_value(free / offered) FILTER (resource = 'cpu') AS cpu_share,
                any_value(free / offered) FILTER (resource = 'memory') AS gib_share
            FROM size JOIN left_over USING (node, resource) GROUP BY node
        ),
        devices AS (SELECT node, count(*) AS devices FROM device GROUP BY node),
        spent AS (
            SELECT node, sum((end_t - start_t) / 3.6e9 * device_dollars_per_hour * devices) AS dollars
            FROM node_price JOIN devices USING (node) GROUP BY node
        )
        SELECT r.instance_type, count(*), avg(cpu_share), avg(gib_share),
            sum(dollars * ({_CPU} * free_cpu + {_GIB} * free_gib) / ({_DEVICE} * devices + {_CPU} * cpu + {_GIB} * gib))
        FROM wide JOIN devices USING (node) JOIN spent USING (node) JOIN node_row AS r USING (node)
        WHERE cpu IS NOT NULL AND gib IS NOT NULL GROUP BY r.instance_type ORDER BY 5 DESC NULLS LAST, 1
        """
    ).fetchall()
    return [UnusedHost(*row) for row in rows]

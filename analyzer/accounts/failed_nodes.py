"""Nodes that were paid while they, or devices of them, were out of order."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.states import NODE_UNHEALTHY


@dataclass(frozen=True, slots=True)
class FailedNode:
    """`holders` are the workloads that held its devices meanwhile. `dollars` is None without a price."""

    node: str
    instance_type: str
    devices: int
    accelerator_seconds: float
    dollars: float | None
    holders: tuple[str, ...]


def failed_nodes(ledger: Ledger) -> list[FailedNode]:
    """The dearest first."""
    db = ledger.inputs.db
    db.register("ledger_rows", ledger.rows)
    rows = db.execute(
        f"""
        SELECT node, instance_type, count(DISTINCT device), sum(seconds),
            CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars,
            coalesce(list(DISTINCT namespace || '/' || workload ORDER BY namespace || '/' || workload)
                FILTER (pod <> ''), [])
        FROM ledger_rows WHERE state = '{NODE_UNHEALTHY}' GROUP BY cluster, node, provider_id, instance_type
        HAVING sum(seconds) > 0 ORDER BY dollars DESC NULLS LAST, 4 DESC, node
        """
    ).fetchall()
    return [
        FailedNode(node, kind, devices, seconds, dollars, tuple(holders))
        for node, kind, devices, seconds, dollars, holders in rows
    ]

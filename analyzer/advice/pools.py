"""Nodes by the pool that a person can change: a NodePool or node group, or a node that is in none."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from analyzer.advice.facts import Facts, NodeFacts
from analyzer.advice.finding import Resource
from analyzer.advice.quoting import sql_is, sql_text
from analyzer.advice.settings import Where
from exporters.canonical import nodes


@dataclass(frozen=True, slots=True)
class PoolName:
    """`pool` is empty for a node that is in none; `name` is then the node's."""

    cluster: str
    pool: str
    node: str = ""

    @property
    def title(self) -> str:
        return f"NodePool {self.pool}" if self.pool else f"node {self.node}"

    @property
    def resource(self) -> Resource:
        kind = "nodepool" if self.pool else "node"
        return Resource(kind, self.title, self.title, cluster=self.cluster, nodepool=self.pool, node=self.node)


def pool_of(one: NodeFacts) -> PoolName:
    """The pool of a node."""
    if one.pool:
        return PoolName(one.node.cluster, one.pool)
    return PoolName(one.node.cluster, "", one.node.name)


def where_of_node(one: NodeFacts) -> Where:
    """A node as settings match it."""
    return Where(one.node.cluster, one.pool, one.node.name, one.node.shape.instance_type)


def rows_of(cluster: str, names: Collection[str]) -> str:
    """SQL over `ledger`: the rows of some nodes."""
    return f"{sql_is('cluster', cluster)} AND node IN ({', '.join(map(sql_text, sorted(names)))})"


def types_of(several: Iterable[NodeFacts]) -> str:
    """The instance types, for a sentence."""
    return ", ".join(sorted({one.node.shape.instance_type or "an unknown type" for one in several}))


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How a NodePool lets nodes go; empty text where nobody tells."""

    policy: str = ""
    after: str = ""
    node_class_kind: str = ""
    node_class: str = ""


def pool_settings(facts: Facts, pool: PoolName) -> PoolSettings:
    """The last that was told of a NodePool."""
    if not facts.answered(nodes.nodepool_info):
        return PoolSettings()
    table = facts.table(nodes.nodepool_info)
    rows = facts.rows(
        f"""
        SELECT s.consolidation_policy, s.consolidate_after, s.node_class_kind, s.node_class
        FROM {table} AS x JOIN {table}_series AS s USING (series)
        WHERE s.cluster = ? AND s.nodepool = ? ORDER BY x.t DESC LIMIT 1
        """,
        pool.cluster,
        pool.pool,
    )
    return PoolSettings(*rows[0]) if rows else PoolSettings()

"""What a rule may ask: the ledger in convenient form, and every table that it was made from.

SQL names that are there for rules, all times unix seconds UTC:

    ledger        the rows of the ledger, as `gpuyield advise --format csv` writes them
    lot_hour      cluster, node, instance_type, capacity_type, namespace, workload, team, model, state, hour, seconds,
                  dollars (null: unknown): the ledger by hour and without pods and devices, small for any fleet
    empty_spell   cluster, node, start_s, end_s, dollars: whole cells in which no device of a node had a holder

Beside them stand the ledger's own tables (`segment`, `activity`, `hold`, `pod`, `node`, ...) and each signal as
`x (series, t, value)` with `x_series`; `facts.table(metric)` gives x.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from analyzer.advice.case import Lot
from analyzer.advice.finding import Resource
from analyzer.advice.repacking import Repacking
from analyzer.ledger.inputs import has, pod_key
from analyzer.ledger.ledger import Ledger
from analyzer.ledger.nodes import Node, advertised
from analyzer.ledger.priced import node_cost
from analyzer.pricing.price import CAPACITY_BLOCK, RESERVED
from exporters.canonical import pods
from exporters.metric import Metric

Amounts = Mapping[str, float]  # by state


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node of the bill. Amounts are of the window: accelerator-hours, and dollars where they are known."""

    node: Node
    devices: int
    hours: float  # of the node
    accelerator_hours: Amounts
    dollars: Amounts
    cost_dollars: float | None  # None: no price at all

    @property
    def pool(self) -> str:
        return self.node.shape.nodepool

    @property
    def is_reserved(self) -> bool:
        """Whether it is paid for, used or not: nothing is saved when it goes."""
        return self.node.shape.capacity_type in (RESERVED, CAPACITY_BLOCK) or bool(self.node.stays)

    @property
    def dollars_per_hour(self) -> float | None:
        return None if self.cost_dollars is None or not self.hours else self.cost_dollars / self.hours


@dataclass(frozen=True, slots=True)
class HolderFacts:
    """One workload: all pods of one owner. `devices` is the mean held while it held any."""

    cluster: str
    namespace: str
    workload: str
    team: str
    model: str
    instance_types: tuple[str, ...]
    nodes: tuple[str, ...]
    pods: int
    devices: float
    accelerator_hours: Amounts
    dollars: Amounts
    is_priced: bool

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.workload}"


@dataclass(frozen=True, slots=True)
class EmptySpell:
    """A node without any holder, from and to in unix seconds."""

    node: NodeFacts
    start: float
    end: float
    dollars: float | None

    @property
    def hours(self) -> float:
        return (self.end - self.start) / 3600


class Facts:
    """All of one ledger. Made once; what is not asked for is not computed."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.window = ledger.window
        self.db = ledger.inputs.db
        self.db.register("ledger", ledger.rows)
        self._lots()
        self._empty_spells()

    @property
    def hours(self) -> float:
        return self.window.seconds / 3600

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The answer to a question in SQL."""
        return self.db.execute(sql, list(parameters)).fetchall()

    def number(self, sql: str, *parameters: object) -> float | None:
        """The one number that answers; None where there is none."""
        value = self.rows(sql, *parameters)[0][0]
        return None if value is None else float(value)

    def answered(self, metric: Metric) -> str:
        """The upstream series that told of a metric; empty text where none did."""
        return self.ledger.inputs.answered.get(metric.full_name, "")

    def table(self, metric: Metric) -> str:
        """The table of a metric that was read."""
        return self.ledger.inputs.table_of[metric.full_name]

    def samples(self, metric: Metric, **labels: str) -> int:
        """How many samples told of the metric inside the window."""
        if not self.answered(metric):
            return 0
        name = self.table(metric)
        where = " AND ".join(["x.t >= ?", "x.t < ?", "NOT isnan(x.value)", *(f"s.{label} = ?" for label in labels)])
        return int(
            self.number(
                f"SELECT count(*) FROM {name} AS x JOIN {name}_series AS s USING (series) WHERE {where}",
                self.window.start,
                self.window.end,
                *labels.values(),
            )
            or 0
        )

    @cached_property
    def nodes(self) -> tuple[NodeFacts, ...]:
        """The accelerator nodes."""
        devices: dict[int, int] = defaultdict(int)
        for device in self.ledger.devices:
            devices[device.node] += 1
        hours, dollars = self._by_state("cluster, node, provider_id", "node <> ''")
        return tuple(
            NodeFacts(
                node,
                devices[node.number],
                node.seconds / 3600,
                hours[(node.cluster, node.name, node.provider_id)],
                dollars[(node.cluster, node.name, node.provider_id)],
                node_cost(node).dollars,
            )
            for node in self.ledger.nodes
        )

    @cached_property
    def node_of(self) -> dict[tuple[str, str], NodeFacts]:
        """By (cluster, node)."""
        return {(one.node.cluster, one.node.name): one for one in self.nodes}

    @cached_property
    def holders(self) -> tuple[HolderFacts, ...]:
        """Every workload that held a device, the dearest first."""
        hours, dollars = self._by_state("cluster, namespace, workload", "pod <> ''")
        rows = self.rows(
            """
            WITH held AS (SELECT * FROM ledger WHERE pod <> ''),
            cells AS (
                SELECT cluster, namespace, workload, start, sum(seconds) AS seconds FROM held GROUP BY ALL
            )
            SELECT cluster, namespace, workload, any_value(team), coalesce(max(nullif(model, '')), ''),
                list(DISTINCT instance_type ORDER BY instance_type), list(DISTINCT node ORDER BY node),
                count(DISTINCT pod), bool_and(dollars IS NOT NULL),
                (SELECT sum(seconds) / 300 / count(*) FROM cells AS c WHERE (c.cluster, c.namespace, c.workload)
                    = (held.cluster, held.namespace, held.workload))
            FROM held GROUP BY cluster, namespace, workload ORDER BY sum(dollars) DESC NULLS LAST, 1, 2, 3
            """
        )
        return tuple(
            HolderFacts(
                cluster=row[0],
                namespace=row[1],
                workload=row[2],
                team=row[3],
                model=row[4],
                instance_types=tuple(row[5]),
                nodes=tuple(row[6]),
                pods=row[7],
                devices=row[9],
                accelerator_hours=hours[row[:3]],
                dollars=dollars[row[:3]],
                is_priced=row[8],
            )
            for row in rows
        )

    @cached_property
    def lot_dollars(self) -> dict[Lot, float]:
        """What each workload, or nobody, costs on each node; unknown prices are left out."""
        rows = self.rows(
            "SELECT cluster, node, namespace, workload, sum(dollars) FROM lot_hour"
            " WHERE dollars IS NOT NULL GROUP BY ALL"
        )
        return {Lot(*key): dollars for *key, dollars in rows}

    @cached_property
    def repacking(self) -> Repacking:
        """What packing holders again would empty."""
        return Repacking(self)

    def opt_out(self, resource: Resource) -> str:
        """Why labels say to leave a workload or a namespace alone; empty text where they do not."""
        if not resource.namespace or not self.answered(pods.advice_info):
            return ""
        place = (resource.cluster, resource.namespace)
        off = {pod_key(row) for row in self._series(self.table(pods.advice_info)) if row["advice"] == "off"}
        mine = {one.key for one in self.ledger.pods.pods if (*one.key[:2], one.workload) == (*place, resource.workload)}
        if (*place, "") in off:
            return "its namespace has the label gpuyield.dev/advice=off"
        return "its pods have the label gpuyield.dev/advice=off" if off & mine else ""

    @cached_property
    def bill_dollars(self) -> float:
        """Of the priced part; 0 where nothing is priced."""
        return self.number("SELECT fsum(dollars) FROM ledger") or 0.0

    @cached_property
    def karpenter_pools(self) -> frozenset[tuple[str, str]]:
        """(cluster, NodePool) of what Karpenter tells of: nodes there come and go with demand."""
        found = {(row["cluster"], row["nodepool"]) for row in self._series("nodepool_usage", "nodepool_info")}
        told = (row for row in self._series("node_shape") if row["producer"] in ("karpenter", "gpuyield"))
        return frozenset(found | {(row["cluster"], row["nodepool"]) for row in told if row["nodepool"]})

    @cached_property
    def advertising(self) -> frozenset[tuple[str, str]]:
        """(cluster, node) of what offers accelerators to pods as resources."""
        return frozenset(advertised(self.ledger.inputs)) | frozenset(advertised(self.ledger.inputs, "node_allocatable"))

    def coverage(self, where: str) -> float:
        """Share of the accelerator-seconds that the ledger could put into a state; `where` is SQL over `ledger`."""
        known = self.number(f"SELECT sum(seconds) FILTER (state <> 'unknown') / sum(seconds) FROM ledger WHERE {where}")
        return known or 0.0

    @cached_property
    def empty_spells(self) -> tuple[EmptySpell, ...]:
        """When nobody held any device of a node, by node and time."""
        rows = self.rows("SELECT * FROM empty_spell ORDER BY cluster, node, start_s")
        return tuple(EmptySpell(self.node_of[row[:2]], *row[2:]) for row in rows)

    def _series(self, *tables: str) -> Iterable[dict[str, str]]:
        for table in tables:
            if has(self.ledger.inputs, table):
                yield from self.ledger.inputs.series(table)

    def _by_state(self, keys: str, where: str) -> tuple[dict[Any, dict[str, float]], dict[Any, dict[str, float]]]:
        hours: dict[Any, dict[str, float]] = defaultdict(dict)
        dollars: dict[Any, dict[str, float]] = defaultdict(dict)
        rows = self.rows(f"SELECT {keys}, state, sum(seconds), sum(dollars) FROM ledger WHERE {where} GROUP BY ALL")
        for *key, state, seconds, cost in rows:
            hours[tuple(key)][state] = seconds / 3600
            if cost is not None:
                dollars[tuple(key)][state] = cost
        return hours, dollars

    def _lots(self) -> None:
        self.db.execute(
            """
            CREATE OR REPLACE TABLE lot_hour AS
            SELECT cluster, node, instance_type, capacity_type, namespace, workload, any_value(team) AS team, model,
                state, epoch(date_trunc('hour', start)) AS hour, sum(seconds) AS seconds,
                CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
            FROM ledger GROUP BY ALL
            """
        )

    def _empty_spells(self) -> None:
        self.db.execute(f"CREATE OR REPLACE TABLE empty_spell AS {empty_spells_sql('true')}")


def cost_of(several: Iterable[NodeFacts]) -> float | None:
    """What nodes cost in the window; None where one has no price."""
    costs = [one.cost_dollars for one in several]
    return None if None in costs else sum(one or 0.0 for one in costs)


def empty_spells_sql(where: str) -> str:
    """Query over `ledger` of (cluster, node, start_s, end_s, dollars); null dollars where a price is unknown."""
    return f"""
        WITH cell AS (
            SELECT cluster, node, start, "end", bool_and(state LIKE 'free%') AS empty,
                CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
            FROM ledger WHERE node <> '' AND ({where}) GROUP BY ALL
        ),
        run AS (
            SELECT *, epoch(start) - 300 * row_number() OVER (PARTITION BY cluster, node ORDER BY start) AS run
            FROM cell WHERE empty
        )
        SELECT cluster, node, min(epoch(start)) AS start_s, max(epoch("end")) AS end_s,
            CASE WHEN bool_and(dollars IS NOT NULL) THEN sum(dollars) END AS dollars
        FROM run GROUP BY cluster, node, run
    """

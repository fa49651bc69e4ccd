"""How well separate sources fit together: which share of devices, pages and pods found what they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from analyzer.ledger.inputs import Inputs, PodKey, pod_key
from analyzer.window import Window

if TYPE_CHECKING:  # they use or carry joins
    from analyzer.ledger.claims import Claim
    from analyzer.ledger.ledger import Ledger
    from analyzer.ledger.nodes import Node
    from analyzer.ledger.pods import Pods

Key = TypeVar("Key")

DEVICE_TO_NODE, DEVICE_TO_POD = "device to node", "device to pod"
ENGINE_TO_POD, POD_TO_NODE = "engine to pod", "pod to node"
# Below this share of matches a report says what the missing ones cost.
GOOD_MATCH_RATIO = 0.95


@dataclass(frozen=True, slots=True)
class Join:
    """`by_way`: how many matched by which way; with `unmatched` they add up to `total`."""

    subject: str
    total: int
    by_way: dict[str, int]
    unmatched: int

    @property
    def matched_ratio(self) -> float | None:
        """None where there was nothing to match."""
        return (self.total - self.unmatched) / self.total if self.total else None


def join_of(subject: str, ways: Iterable[str | None]) -> Join:
    """Counts the ways of all matches; None is one that did not match."""
    counted = Counter(ways)
    unmatched = counted.pop(None, 0)
    by_way = {way: count for way, count in sorted(counted.items(), key=lambda item: str(item[0])) if way is not None}
    return Join(subject, sum(by_way.values()) + unmatched, by_way, unmatched)


def address_of(instance: str) -> str:
    """The host of a scraped `host:port`, an IPv6 address without its brackets."""
    return instance.rsplit(":", 1)[0].removeprefix("[").removesuffix("]")


def node_of_addresses(inputs: Inputs) -> dict[tuple[str, str], str]:
    """(cluster, ip) -> node, for the addresses of pods and nodes. An address that moved between nodes says nothing,
    unless the DaemonSet pods behind it stayed on one."""
    found: dict[tuple[str, str], set[str]] = {}
    settled: dict[tuple[str, str], set[str]] = {}
    for row in inputs.series("pod_info"):
        if row["pod_ip"] and row["node"]:
            found.setdefault((row["cluster"], row["pod_ip"]), set()).add(row["node"])
            if row["owner_kind"] == "DaemonSet":
                settled.setdefault((row["cluster"], row["pod_ip"]), set()).add(row["node"])
    for row in inputs.series("node_info"):
        if row["internal_ip"]:
            settled.setdefault((row["cluster"], row["internal_ip"]), set()).add(row["node"])
    return only_ones(found) | only_ones(settled)


def node_of_pods(inputs: Inputs) -> dict[PodKey, str]:
    """(cluster, namespace, pod) -> node, for pods that never moved."""
    found: dict[PodKey, set[str]] = {}
    for row in inputs.series("pod_info"):
        if row["node"]:
            found.setdefault(pod_key(row), set()).add(row["node"])
    return only_ones(found)


def only_ones(found: dict[Key, set[str]]) -> dict[Key, str]:
    """The entries that have a single value."""
    return {key: next(iter(values)) for key, values in found.items() if len(values) == 1}


def engine_to_pod(inputs: Inputs, pods: Pods) -> Join:
    """Which engine pages belong to a pod that more than the page itself tells of."""
    pages: dict[tuple[str, str, str, str], str | None] = {}
    for table in ("running", "prompt", "generation"):
        for row in inputs.series(table):
            pages[(row["cluster"], row["namespace"], row["pod"], row["instance"])] = pods.engine_way(row)
    return join_of(ENGINE_TO_POD, pages.values())


def pod_to_node(claims: Iterable[Claim], nodes: Iterable[Node], window: Window) -> Join:
    """Which pods that hold accelerators in the window run on a node of the bill."""
    places = {(node.cluster, node.name) for node in nodes}
    bound = {
        (claim.pod, claim.place): "exporter label" if claim.kind == "label" else "bound node"
        for claim in claims
        if claim.start < window.end and claim.end > window.start
    }
    return join_of(POD_TO_NODE, (way if place in places else None for (_, place), way in bound.items()))


def blind_dollars(ledger: Ledger, join: Join) -> float | None:
    """The spend that a join's misses leave in doubt; None where no price is known for any of it."""
    if not join.unmatched:
        return 0.0
    dollars: float | None = ledger.inputs.db.execute(
        f"""
        SELECT sum(c.seconds * u.parts / u.whole * r.device_dollars_per_hour / 3600)
        FROM cell_split AS c JOIN unit AS u USING (unit) JOIN node_price AS r USING (spell)
        WHERE {_IN_DOUBT[join.subject]}
        """
    ).fetchall()[0][0]
    return dollars


# Which rows the misses of a join concern: devices that found no node belong to nodes whose devices nobody showed;
# pages that found no pod belong to holders without a page; pods without a node hold devices that look free.
_IN_DOUBT = {
    DEVICE_TO_NODE: "c.node NOT IN (SELECT node FROM device WHERE first_seen IS NOT NULL)",
    DEVICE_TO_POD: "(c.unit, c.pod) IN (SELECT (unit, pod) FROM hold WHERE way = '')",
    ENGINE_TO_POD: """c.pod IN (
        SELECT pod FROM pod_group WHERE serving_group NOT IN (
            SELECT g.serving_group FROM pod_group AS g JOIN running_pod AS m USING (pod)
        )
    )""",
    POD_TO_NODE: "c.pod IS NULL AND c.state LIKE 'free%'",
}
_SAID = {
    DEVICE_TO_NODE: ("device series", "name no node that anything else tells of", "on nodes whose devices are missing"),
    DEVICE_TO_POD: ("held devices", "are not named for a pod by their exporter", "held by count alone"),
    ENGINE_TO_POD: ("engine pages", "belong to no known pod", "held by pods without a page"),
    POD_TO_NODE: ("pods with accelerators", "run on no known accelerator node", "for devices that look free"),
}


def join_warnings(ledger: Ledger) -> list[str]:
    """One text for each join that matched too little, with the spend concerned."""
    return [
        _warning(ledger, join)
        for join in ledger.joins
        if join.matched_ratio is not None and join.matched_ratio < GOOD_MATCH_RATIO
    ]


def _warning(ledger: Ledger, join: Join) -> str:
    things, what, spend = _SAID[join.subject]
    dollars = blind_dollars(ledger, join)
    amount = "an unknown amount" if dollars is None else f"${dollars:,.2f}"
    return f"{join.unmatched} of {join.total} {things} {what}: {amount} {spend}"

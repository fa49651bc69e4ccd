"""The accelerator nodes of a window: what each was bought as, and from when to when it was paid for (DESIGN 6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from analyzer.ledger.inputs import Inputs
from analyzer.pricing.instances import instance_types
from analyzer.pricing.price import Price, PriceSource

ACCELERATOR_RESOURCE = re.compile(r"nvidia_com_(gpu(_shared)?|mig_\w+)|aws_amazon_com_neuron(core|device)?")

# Which source says what a node was bought as, the most trusted first (DESIGN 5).
RUNGS = {
    "karpenter": "karpenter_nodes_* labels",
    "kube-state-metrics": "kube_node_labels",
    "": "no source",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What labels say of a node; empty text where they do not."""

    instance_type: str = ""
    capacity_type: str = ""
    nodepool: str = ""
    region: str = ""
    zone: str = ""
    accelerators: int = 0
    replicas: int = 1  # time-slicing or MPS replicas of each device
    accelerator_model: str = ""
    rung: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One node under one provider id. `start` and `end` bound its paid lifetime inside the window, microseconds."""

    number: int
    cluster: str
    name: str
    provider_id: str
    shape: Shape
    start: int
    end: int
    created: int | None  # when the node object was made
    price: Price | None

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e6


@dataclass(frozen=True, slots=True)
class Presence:
    """First sample, and last sample plus one interval, of something."""

    first: int
    last: int


def spans(inputs: Inputs, table: str, condition: str = "NOT isnan(value)") -> dict[int, Presence]:
    """Presence of each series of a table, over the samples that fulfil the condition."""
    rows = inputs.db.execute(
        f"SELECT series, min(t), max(t) + any_value(interval_us) FROM {table} JOIN {table}_series USING (series)"
        f" WHERE {condition} GROUP BY series"
    ).fetchall()
    return {series: Presence(first, last) for series, first, last in rows}


def joined(presences: Iterable[Presence]) -> Presence:
    """From the earliest to the latest of several."""
    listed = list(presences)
    return Presence(min(one.first for one in listed), max(one.last for one in listed))


def shapes(inputs: Inputs) -> dict[tuple[str, str], Shape]:
    """What each (cluster, node) was bought as, by the best source that names an instance type."""
    order = list(RUNGS)
    found: dict[tuple[str, str], Shape] = {}
    rows = sorted(
        inputs.series("node_shape"), key=lambda row: order.index(row["producer"]) if row["producer"] in order else 0
    )
    for row in rows:
        key = (row["cluster"], row["node"])
        known = found.get(key, Shape())
        found[key] = Shape(
            instance_type=known.instance_type or row["instance_type"],
            capacity_type=known.capacity_type or row["capacity_type"].lower().replace("_", "-"),
            nodepool=known.nodepool or row["nodepool"],
            region=known.region or row["region"],
            zone=known.zone or row["zone"],
            accelerators=known.accelerators or _count(row["accelerators"]),
            replicas=max(known.replicas, _count(row["replicas"])),
            accelerator_model=known.accelerator_model or row["accelerator_model"],
            rung=known.rung or (row["producer"] if row["instance_type"] else ""),
        )
    return found


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 0


def advertised(inputs: Inputs, table: str = "node_capacity") -> dict[tuple[str, str], dict[str, float]]:
    """The largest number of each accelerator resource that a node showed, by (cluster, node)."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    largest = dict(
        inputs.db.execute(f"SELECT series, max(value) FROM {table} WHERE NOT isnan(value) GROUP BY series").fetchall()
    )
    for row in inputs.series(table):
        value = largest.get(int(row["series"]), 0.0)
        if ACCELERATOR_RESOURCE.fullmatch(row["resource"]) and value > 0:
            found.setdefault((row["cluster"], row["node"]), {})[row["resource"]] = value
    return found


def lifetimes(
    inputs: Inputs, devices_on: dict[tuple[str, str], Presence]
) -> dict[tuple[str, str, str], tuple[Presence, int | None]]:
    """(cluster, node, provider id) -> presence and creation time. Devices count where nothing else tells of a node.

    A node lives across a gap when the same provider id stands on both sides: first and last sample are enough.
    """
    created = _created(inputs)
    found: dict[tuple[str, str, str], tuple[Presence, int | None]] = {}
    seen = spans(inputs, "node_info")
    by_id: dict[tuple[str, str, str], list[Presence]] = {}
    for row in inputs.series("node_info"):
        if int(row["series"]) in seen:
            by_id.setdefault((row["cluster"], row["node"], row["provider_id"]), []).append(seen[int(row["series"])])
    for key, presences in by_id.items():
        presence = joined(presences)
        born = [at for at, when in created.get(key[:2], []) if presence.first <= when <= presence.last]
        found[key] = (presence, min(born) if born else None)
    others: dict[tuple[str, str], list[Presence]] = {}
    seen = spans(inputs, "node_shape")
    for row in inputs.series("node_shape"):
        if int(row["series"]) in seen:
            others.setdefault((row["cluster"], row["node"]), []).append(seen[int(row["series"])])
    for place, presence in devices_on.items():
        others.setdefault(place, []).append(presence)
    told = {key[:2] for key in found}
    for place, presences in others.items():
        if place not in told:
            born = [at for at, _ in created.get(place, [])]
            found[(*place, "")] = (joined(presences), min(born) if born else None)
    return found


def _created(inputs: Inputs) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """(creation time, when that was said) of each (cluster, node), microseconds."""
    places = {int(row["series"]): (row["cluster"], row["node"]) for row in inputs.series("node_created")}
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    rows = inputs.db.execute(
        "SELECT series, value, min(t) FROM node_created WHERE isfinite(value) AND value > 0 GROUP BY series, value"
    ).fetchall()
    for series, value, when in rows:
        found.setdefault(places[series], []).append((round(value * 1e6), when))
    return found


def accelerator_nodes(
    inputs: Inputs, devices_on: dict[tuple[str, str], Presence], prices: PriceSource
) -> tuple[list[Node], list[Node]]:
    """The accelerator nodes that lived in the window, and the nodes without accelerators beside them."""
    shape_of, resources = shapes(inputs), advertised(inputs)
    for place, more in advertised(inputs, "node_allocatable").items():
        resources.setdefault(place, {}).update(more)
    with_accelerators: list[Node] = []
    without: list[Node] = []
    for key, (presence, created) in sorted(_one_after_another(lifetimes(inputs, devices_on)).items()):
        place = key[:2]
        shape = shape_of.get(place, Shape())
        start = max(inputs.window.start, created if created is not None else presence.first)
        end = min(inputs.window.end, presence.last)
        if start >= end:
            continue
        entry = instance_types().get(shape.instance_type)
        price = prices.price(shape.instance_type, shape.capacity_type, shape.region) if shape.instance_type else None
        node = Node(0, *key, shape, start, end, created, price)
        has = place in devices_on or place in resources or (entry is not None and entry.devices > 0)
        (with_accelerators if has else without).append(node)
    return [replace(node, number=number) for number, node in enumerate(with_accelerators)], without


def _one_after_another(
    lives: dict[tuple[str, str, str], tuple[Presence, int | None]],
) -> dict[tuple[str, str, str], tuple[Presence, int | None]]:
    """A node name that was used again: the older provider id ends where the newer begins."""
    by_name: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for key in lives:
        by_name.setdefault(key[:2], []).append(key)
    settled = dict(lives)
    for keys in by_name.values():
        keys.sort(key=lambda key: lives[key][0].first)
        for older, newer in pairwise(keys):
            presence, created = settled[older]
            begins = lives[newer][1] if lives[newer][1] is not None else lives[newer][0].first
            if begins is not None and begins < presence.last:
                settled[older] = (Presence(presence.first, max(presence.first, begins)), created)
    return settled

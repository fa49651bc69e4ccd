"""A node: what is known of it, and when it lived (DESIGN 6.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.ledger.inputs import Inputs, has
from analyzer.pricing.path import PricePath
from analyzer.pricing.price import Price

ACCELERATOR_RESOURCE = re.compile(r"nvidia_com_(gpu(_shared)?|mig_\w+)|aws_amazon_com_neuron(core|device)?")


@dataclass(frozen=True, slots=True)
class Presence:
    """First sample, and last sample plus one interval, of something; all in microseconds."""

    first: int
    last: int
    interval: int = 0


# The rung of the user's own word.
NODES_FILE = "nodes-file"

Key = tuple[str, str, str]  # cluster, node, provider id
Lives = dict[Key, tuple[Presence, int | None]]  # presence, and when the node object was made


@dataclass(frozen=True, slots=True)
class Shape:
    """What is said of a node; empty text and 0 where nothing is."""

    instance_type: str = ""
    capacity_type: str = ""
    nodepool: str = ""
    region: str = ""
    zone: str = ""
    accelerators: int = 0
    replicas: int = 1  # time-slicing or MPS replicas of each device
    accelerator_model: str = ""
    rung: str = ""  # which source answered, a key of `RUNGS`
    may_be: tuple[str, ...] = ()  # instance types, where all that is known fits several
    own_price: Price | None = None  # the user's word
    launched: int | None = None  # by EC2, microseconds
    reservation_id: str = ""  # by EC2, where labels name none
    is_auto: bool | None = None  # run by EKS Auto Mode; None where nobody tells


@dataclass(frozen=True, slots=True)
class Stay:
    """A node's time in one reservation, microseconds."""

    start: int
    end: int
    reservation_id: str
    capacity_type: str  # of the reservation
    label: str = ""  # what the node's label calls it, where that is another name


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
    prices: PricePath
    dearest: PricePath | None = None  # where the node may be of several types: `prices` are then the cheapest's
    stays: tuple[Stay, ...] = ()
    begin_is_known: bool = False  # the launch, or that it was there when the window began
    end_is_known: bool = False  # when it was gone, or that it was there when the window, or what is told, ended
    is_registered: bool = True  # False: it was launched and never became a node

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 1e6


def spans(inputs: Inputs, table: str, condition: str = "NOT isnan(value)") -> dict[int, Presence]:
    """Presence of each series of a table, over the samples that fulfil the condition."""
    rows = inputs.db.execute(
        f"SELECT series, min(t), max(t), any_value(interval_us) FROM {table} JOIN {table}_series USING (series)"
        f" WHERE {condition} GROUP BY series"
    ).fetchall()
    return {series: Presence(first, last + interval, interval) for series, first, last, interval in rows}


def joined(presences: Iterable[Presence]) -> Presence:
    """From the earliest to the latest of several."""
    listed = list(presences)
    latest = max(listed, key=lambda one: one.last)
    return Presence(min(one.first for one in listed), latest.last, latest.interval)


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


def lifetimes(inputs: Inputs, devices_on: dict[tuple[str, str], Presence]) -> Lives:
    """(cluster, node, provider id) -> presence and creation time. Devices count where nothing else tells of a node.

    A node lives across a gap when the same provider id stands on both sides: first and last sample are enough.
    """
    created = _created(inputs)
    found: Lives = {}
    seen = spans(inputs, "node_info")
    by_id: dict[Key, list[Presence]] = {}
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


Births = dict[tuple[str, str], list[tuple[int, int]]]  # (creation time, when that was said), by (cluster, node)


def _created(inputs: Inputs) -> Births:
    """When node objects were made, microseconds; by their age only where nothing says the time itself."""
    told = "SELECT series, value * 1e6, min(t) FROM node_created WHERE isfinite(value) AND value > 0 GROUP BY ALL"
    return (_births(inputs, "node_age", _BY_AGE) if has(inputs, "node_age") else {}) | _births(
        inputs, "node_created", told
    )


def _births(inputs: Inputs, table: str, rows: str) -> Births:
    places = {int(row["series"]): (row["cluster"], row["node"]) for row in inputs.series(table)}
    found: Births = {}
    for series, born, when in inputs.db.execute(rows).fetchall():
        found.setdefault(places[series], []).append((round(born), when))
    return found


# An age is as old as the page that tells it, so of all samples the one that makes the node oldest is nearest to the
# truth. An age that falls is that of another node, which was given the name again.
_BY_AGE = """
WITH told AS (
    SELECT series, t, t - value * 1e6 AS born, value < lag(value) OVER (PARTITION BY series ORDER BY t) AS is_another
    FROM node_age WHERE isfinite(value) AND value >= 0
),
lives AS (SELECT *, count(*) FILTER (is_another) OVER (PARTITION BY series ORDER BY t) AS life FROM told)
SELECT series, min(born), min(t) FROM lives GROUP BY series, life
"""

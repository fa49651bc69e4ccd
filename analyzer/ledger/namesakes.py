"""Refuses samples of two clusters that nothing tells apart: one node name, two machines, at the same time."""

from __future__ import annotations

from itertools import combinations

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.nodes import Presence, joined, spans
from analyzer.pricing.ec2_instances import place_of
from exporters.source import GpuyieldError

# A node that is replaced under its name may be told of twice for a moment: by a scrape that was cached, or by a
# second scraper that has not seen the old one end.
OVERLAP_INTERVALS = 3


class MixedClusters(GpuyieldError):
    """Series of two clusters are in one store without a label that tells them apart."""


def check_namesakes(inputs: Inputs) -> None:
    """Raises where two provider ids stand for one (cluster, node) at the same time."""
    seen = spans(inputs, "node_info")
    by_name: dict[tuple[str, str], dict[str, list[dict[str, str]]]] = {}
    for row in inputs.series("node_info"):
        if row["provider_id"] and int(row["series"]) in seen:
            by_name.setdefault((row["cluster"], row["node"]), {}).setdefault(row["provider_id"], []).append(row)
    for machines in by_name.values():
        for one, other in combinations(machines.values(), 2):
            allowed = OVERLAP_INTERVALS * max(int(row["interval_us"]) for row in (*one, *other))
            if _overlap(*(joined(seen[int(row["series"])] for row in rows) for rows in (one, other))) > allowed:
                raise MixedClusters(_said(one[0], other[0]))


def _overlap(one: Presence, other: Presence) -> int:
    return min(one.last, other.last) - max(one.first, other.first)


def _said(one: dict[str, str], other: dict[str, str]) -> str:
    machines = " and ".join(
        f"{row['provider_id']}" + (f" at {row['internal_ip']}" if row["internal_ip"] else "") for row in (one, other)
    )
    cluster = f" of cluster {one['cluster']}" if one["cluster"] else ""
    return (
        f"node {one['node']}{cluster} is two machines at the same time: {machines}, which differ in"
        f" {_difference(one, other)}. Two clusters are mixed and no label that is read tells them apart: name the one"
        " that does with --cluster-label NAME, or choose one cluster with --match"
    )


def _difference(one: dict[str, str], other: dict[str, str]) -> str:
    places = place_of(one["provider_id"]), place_of(other["provider_id"])
    found = ["provider_id"]
    if places[0] and places[1] and places[0].region != places[1].region:
        found.append("region")
    if one["internal_ip"] != other["internal_ip"]:
        found.append("internal_ip")
    return ", ".join(found)

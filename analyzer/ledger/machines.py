"""Finds the node of each scraped target that tells what machine it runs on."""

from __future__ import annotations

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.joins import address_of, node_of_addresses, node_of_pods, only_ones

Place = tuple[str, str]  # cluster, node


def labelled_machines(inputs: Inputs, device_places: dict[int, Place]) -> list[tuple[Place, dict[str, str]]]:
    """(node, row of the table `machine`) for the targets whose node is known; `device_places` are the nodes of the
    accelerator series."""
    known = {(row["cluster"], row["node"]) for table in ("node_info", "node_shape") for row in inputs.series(table)}
    known |= set(device_places.values())
    pod_node = node_of_pods(inputs)
    address_node = _of_devices(inputs, device_places) | node_of_addresses(inputs)
    found: list[tuple[Place, dict[str, str]]] = []
    for row in inputs.series("machine"):
        cluster = row["cluster"]
        candidates = (
            row["node"],
            pod_node.get((cluster, row["exporter_namespace"], row["exporter_pod"]), ""),
            address_node.get((cluster, address_of(row["instance"])), ""),
        )
        node = next((node for node in candidates if node and (cluster, node) in known), "")
        if node:
            found.append(((cluster, node), row))
    return found


def _of_devices(inputs: Inputs, device_places: dict[int, Place]) -> dict[tuple[str, str], str]:
    """(cluster, address) -> node, by the accelerators that are scraped there."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in inputs.series("accelerator"):
        address, place = address_of(row["instance"]), device_places.get(int(row["series"]))
        if address and place:
            found.setdefault((row["cluster"], address), set()).add(place[1])
    return only_ones(found)

"""Devices on their nodes, and the units that can be held: a whole device, a MIG slice, or a replica (DESIGN 6.3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from analyzer.ledger.inputs import Inputs
from analyzer.ledger.joins import DEVICE_TO_NODE, Join, address_of, join_of, node_of_addresses, node_of_pods
from analyzer.ledger.nodes import Node, Presence, joined, spans
from analyzer.pricing.instances import instance_types, peak_of

DEFAULT_MIG_SLICES = 7
WHOLE, SLICE, REMAINDER, REPLICA = "whole", "slice", "remainder", "replica"


@dataclass(frozen=True, slots=True)
class Seen:
    """A device (or MIG slice) as an exporter told of it, on a node that is known by now."""

    series: int
    place: tuple[str, str]  # cluster, node
    uuid: str
    index: str
    mig: str
    profile: str
    model: str
    presence: Presence


@dataclass(frozen=True, slots=True)
class Device:
    """One physical device for the lifetime of its node. `key` names it in the ledger; unseen ones have no uuid."""

    number: int
    node: int
    key: str
    uuid: str
    model: str
    first: int | None  # first sample, microseconds; None when no exporter ever told of it


@dataclass(frozen=True, slots=True)
class Unit:
    """A share of a device that has at most one holder at a time. Shares of one device add up to one."""

    number: int
    device: int
    kind: str
    mig: str
    profile: str
    parts: int  # share = parts / whole
    whole: int
    slot: int = 0

    @property
    def share(self) -> float:
        return self.parts / self.whole


def seen_devices(inputs: Inputs, places: dict[int, tuple[str, str]]) -> list[Seen]:
    """Every accelerator series with the node that `places` found for it."""
    presence = spans(inputs, "accelerator")
    return [
        Seen(
            number,
            places[number],
            row["uuid"],
            row["index"],
            row["mig"],
            row["mig_profile"],
            row["model"],
            presence[number],
        )
        for row in inputs.series("accelerator")
        if (number := int(row["series"])) in presence and number in places
    ]


def place_series(inputs: Inputs) -> tuple[dict[int, tuple[str, str]], Join]:
    """The (cluster, node) of each accelerator series, and by which way they were found.

    A node label counts when such a node is known: old exporters put their pod's name there. Else the exporter's own
    pod, else the scraped address; what then is left keeps the name that it gave itself.
    """
    known = {(row["cluster"], row["node"]) for table in ("node_info", "node_shape") for row in inputs.series(table)}
    pod_node, address_node = node_of_pods(inputs), node_of_addresses(inputs)
    found: dict[int, tuple[str, str]] = {}
    ways: list[str | None] = []
    for row in inputs.series("accelerator"):
        cluster, host = row["cluster"], address_of(row["instance"])
        named = [name for name in (row["node"], row["target_node"]) if (cluster, name) in known]
        way: str | None = None
        if named:
            way, node = "node label", named[0]
        elif exporter_node := pod_node.get((cluster, row["exporter_namespace"], row["exporter_pod"])):
            way, node = "exporter pod", exporter_node
        elif scraped_node := address_node.get((cluster, host)):
            way, node = "scraped address", scraped_node
        else:
            node = row["node"] or row["target_node"] or host or row["uuid"]
        found[int(row["series"])] = (cluster, node)
        ways.append(way)
    return found, join_of(DEVICE_TO_NODE, ways)


def devices_by_place(seen: Iterable[Seen]) -> dict[tuple[str, str], Presence]:
    """When any device of a node was seen."""
    by_place: dict[tuple[str, str], list[Presence]] = {}
    for one in seen:
        by_place.setdefault(one.place, []).append(one.presence)
    return {place: joined(presences) for place, presences in by_place.items()}


def physical_devices(
    nodes: list[Node], seen: list[Seen], resources: dict[tuple[str, str], dict[str, float]]
) -> list[Device]:
    """The devices of each node: those seen, and those that its instance type promises and nobody showed."""
    found: list[Device] = []
    for node in nodes:
        here = [one for one in seen if one.place == (node.cluster, node.name) and _overlaps(one.presence, node)]
        by_key: dict[str, list[Seen]] = {}
        for one in here:
            by_key.setdefault(one.index or one.uuid, []).append(one)
        promised = promised_devices(node, resources.get((node.cluster, node.name), {}), len(by_key))
        keys = sorted(by_key, key=_natural)
        spare = (str(number) for number in range(promised + len(keys)) if str(number) not in by_key)
        keys += [next(spare) for _ in range(promised - len(keys))]
        for key in keys:
            told = sorted(by_key.get(key, []), key=lambda one: one.presence.last)
            found.append(
                Device(
                    number=len(found),
                    node=node.number,
                    key=key,
                    uuid=told[-1].uuid if told else "",
                    model=told[-1].model if told else node.shape.accelerator_model,
                    first=min(one.presence.first for one in told) if told else None,
                )
            )
    return found


def promised_devices(node: Node, resources: dict[str, float], seen: int) -> int:
    """How many physical devices a node has: by its type, else by what was seen, its labels, what it advertises."""
    entry = instance_types().get(node.shape.instance_type)
    if entry is not None and entry.devices:
        return entry.devices
    whole = resources.get("nvidia_com_gpu", 0) or resources.get("nvidia_com_gpu_shared", 0)
    told = node.shape.accelerators or round(whole / max(1, node.shape.replicas))
    neuron = round(resources.get("aws_amazon_com_neuron", 0) or resources.get("aws_amazon_com_neurondevice", 0))
    return max(seen, told, neuron, 1)


def units_of(
    nodes: list[Node], devices: list[Device], seen: list[Seen], resources: dict[tuple[str, str], dict[str, float]]
) -> list[Unit]:
    """The units of all devices, numbered; their shares of a device add up to one."""
    slices: dict[tuple[tuple[str, str], str], dict[str, str]] = {}
    for one in seen:
        if one.mig:
            slices.setdefault((one.place, one.index or one.uuid), {})[one.mig] = one.profile
    count_on = Counter(device.node for device in devices)
    found: list[Unit] = []
    for device in devices:
        node = nodes[device.node]
        place = (node.cluster, node.name)
        here = resources.get(place, {})
        of_device = slices.get((place, device.key)) or _advertised_slices(here, count_on[device.node])
        replicas = _replicas(node, here, count_on[device.node])
        if of_device:
            found.extend(_slices(device, of_device))
        elif replicas > 1:
            found.extend(Unit(0, device.number, REPLICA, "", "", 1, replicas, slot) for slot in range(replicas))
        else:
            found.append(Unit(0, device.number, WHOLE, "", "", 1, 1))
    return [replace(unit, number=number) for number, unit in enumerate(found)]


def _slices(device: Device, profiles: dict[str, str]) -> list[Unit]:
    """MIG slices and what is left of the device. Where layouts changed and add up to more than the device, each
    layout's slices are shares of the sum: the device is still counted once."""
    sizes = {mig: compute_slices(profile) for mig, profile in profiles.items()}
    peak = peak_of(device.model)
    whole = max((peak.mig_compute_slices if peak else None) or DEFAULT_MIG_SLICES, sum(sizes.values()))
    units = [
        Unit(0, device.number, SLICE, mig, profiles[mig], sizes[mig], whole) for mig in sorted(profiles, key=_natural)
    ]
    left = whole - sum(sizes.values())
    if left:
        units.append(Unit(0, device.number, REMAINDER, "", "", left, whole))
    return units


def compute_slices(profile: str) -> int:
    """Compute slices of a MIG profile: 2 for `2g.48gb`, 1 for `1g.10gb+me`."""
    match = re.match(r"(\d+)g", profile)
    return int(match.group(1)) if match else 1


def _advertised_slices(resources: dict[str, float], devices: int) -> dict[str, str]:
    """Slices of one device where only the node's resources tell of them (the exporter is down)."""
    found: dict[str, str] = {}
    for resource, count in sorted(resources.items()):
        if resource.startswith("nvidia_com_mig_"):
            profile = resource.removeprefix("nvidia_com_mig_").replace("_", ".", 1)
            found.update({f"{profile}-{number}": profile for number in range(round(count / devices))})
    return found


def _replicas(node: Node, resources: dict[str, float], devices: int) -> int:
    """Replicas of one device: by label, else by what the node advertises beyond its devices."""
    whole = resources.get("nvidia_com_gpu_shared", 0) or resources.get("nvidia_com_gpu", 0)
    return max(node.shape.replicas, round(whole / devices) if devices else 1, 1)


def _overlaps(presence: Presence, node: Node) -> bool:
    return presence.first < node.end and presence.last > node.start


def _natural(text: str) -> tuple[int, str]:
    return (int(text) if text.isdigit() else 1 << 30, text)

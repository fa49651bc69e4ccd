"""What the kubelet of a node knows: which ids its device plugin offers, and which of them each container holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from exporters.simulation.hardware import mig_uuid
from exporters.simulation.kubelet import Holding
from exporters.simulation.story import Node, Pod, Slot


def offered_ids(node: Node, at: float) -> dict[str, list[str]]:
    """By resource; a device plugin does not offer a card that is lost."""
    lost = {fault.device for fault in node.faults if fault.span.holds(at)}
    found: dict[str, list[str]] = defaultdict(list)
    for slot in node.slots:
        if slot.device not in lost and not slot.spare:
            found[_resource(node, slot)].append(_device_id(node, slot))
    return dict(found)


def holdings(node: Node, pods: Sequence[Pod], at: float) -> list[Holding]:
    """Of the pods of this node that hold something now."""
    return [
        Holding(
            pod.namespace,
            pod.name,
            pod.container,
            _resource(node, slots[0]),
            tuple(_device_id(node, slot) for slot in slots),
        )
        for pod in pods
        if pod.held.holds(at) and (slots := [node.slots[number] for number in pod.holds])
    ]


def _resource(node: Node, slot: Slot) -> str:
    if node.machine.card is None:
        return "aws.amazon.com/neuron"
    return f"nvidia.com/mig-{slot.profile}" if slot.profile else "nvidia.com/gpu"


def _device_id(node: Node, slot: Slot) -> str:
    """As the device plugins of NVIDIA and Neuron write it."""
    if node.machine.card is None:
        return str(slot.device)
    device_uuid = node.uuids[slot.device]
    if slot.profile:
        return mig_uuid(device_uuid, slot)
    return f"{device_uuid}::{slot.replica}" if slot.replica else device_uuid

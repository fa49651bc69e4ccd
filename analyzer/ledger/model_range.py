"""Which instance types a node can be, where only its accelerators are known: so many of such a model."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.ledger.devices import Seen
from analyzer.ledger.nodes import Presence, Shape, joined
from analyzer.pricing.instances import instance_types, peak_of

# Variants of data-centre GPUs that EC2 does not sell.
_NOT_OF_EC2 = re.compile(r"\b(pcie|nvl)\b", re.IGNORECASE)


def fitting_types(model: str, count: int) -> list[str]:
    """The instance types of the table with exactly so many whole devices of this table model."""
    return [
        entry.name
        for entry in instance_types().values()
        if count and model and entry.accelerator_model == model and entry.accelerator_count == count
    ]


def table_model(names: Iterable[str]) -> str:
    """The table's one name for what drivers or labels call the devices of a node; empty when there is none."""
    found = set()
    for name in names:
        peak = peak_of(name)
        found.add(peak.model if peak and not _NOT_OF_EC2.search(name) else "")
    return found.pop() if len(found) == 1 else ""


def device_count(shape: Shape, resources: dict[str, float], seen: list[Seen]) -> int:
    """The largest of what labels promise, what the node advertises, and the devices seen at once; 0 when unknown."""
    whole = resources.get("nvidia_com_gpu", 0) or resources.get("nvidia_com_gpu_shared", 0)
    return max(shape.accelerators, round(whole / max(1, shape.replicas)), _at_once(seen))


def _at_once(seen: list[Seen]) -> int:
    """A device that was exchanged is not one more."""
    presences: dict[str, list[Presence]] = {}
    for one in seen:
        presences.setdefault(one.index or one.uuid, []).append(one.presence)
    whole = [joined(several) for several in presences.values()]
    return max((sum(two.first <= one.first < two.last for two in whole) for one in whole), default=0)

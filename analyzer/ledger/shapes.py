"""What each node was bought as: a ladder of sources; the first that names an instance type answers (DESIGN 5).

What the answering source leaves open (capacity type, region, counts) the sources below it fill.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from analyzer.ledger.devices import Seen
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.machines import Place, labelled_machines
from analyzer.ledger.model_range import device_count, fitting_types, table_model
from analyzer.ledger.nodes import NODES_FILE, Key, Lives, Presence, Shape, spans
from analyzer.ledger.options import Options
from analyzer.pricing.ec2_instances import Describe, place_of
from analyzer.pricing.instances import instance_types

OWN = "gpuyield"
EC2 = "ec2"
ONE_FITS = "one-fits"
SEVERAL_FIT = "several-fit"

# Which source says what a node was bought as, the most trusted first.
RUNGS = {
    OWN: "gpuyield_node_shape_info",
    "karpenter": "karpenter_nodes_* labels",
    "kube-state-metrics": "kube_node_labels",
    "target-labels": "labels of scraped targets",
    "node-exporter": "node_dmi_info",
    EC2: "EC2 DescribeInstances",
    NODES_FILE: "nodes file",
    ONE_FITS: "accelerator model and count: the one type that fits",
    SEVERAL_FIT: "accelerator model and count: a price range",
    "": "no source",
}
_ORDER = list(RUNGS)
_INSTANCE_TYPE = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+")
_EC2_PROVIDER = "aws://"


@dataclass(frozen=True, slots=True)
class Told:
    """What one series told of a node; `order` is that of its rung."""

    order: int
    presence: Presence
    shape: Shape


def shapes(
    inputs: Inputs,
    lives: Lives,
    device_places: dict[int, Place],
    seen: list[Seen],
    resources: dict[Place, dict[str, float]],
    options: Options,
    unregistered: Mapping[Key, dict[str, str]],
) -> dict[Key, Shape]:
    """The shape of every node, by (cluster, node, provider id); of machines that are `unregistered`, their claim's."""
    by_labels = _by_labels(inputs, device_places)
    seen_on: dict[Place, list[Seen]] = {}
    for one in seen:
        seen_on.setdefault(one.place, []).append(one)
    by_ec2 = _by_ec2(lives, options.describe)
    found: dict[Key, Shape] = {}
    for key, (presence, _) in lives.items():
        place, provider_id = key[:2], key[2]
        labelled = _of_row(unregistered[key]) if key in unregistered else _labelled(by_labels.get(place, []), presence)
        shape = filled(labelled, by_ec2.get(provider_id, Shape()))
        if options.nodes_file:
            shape = filled(shape, options.nodes_file.shape(key[1], provider_id))
        shape = filled(shape, _by_provider_id(provider_id))
        here = [one for one in seen_on.get(place, []) if _overlap(one.presence, presence) > 0]
        found[key] = _guessed(shape, provider_id, here, resources.get(place, {}))
    return found


def filled(known: Shape, more: Shape) -> Shape:
    """What is known, and what a less trusted source adds. A source without a rung cannot replace a type, only fill."""
    answers = bool(more.rung) and not known.rung
    first = more if answers else known
    return Shape(
        instance_type=first.instance_type or known.instance_type or more.instance_type,
        capacity_type=known.capacity_type or more.capacity_type,
        nodepool=known.nodepool or more.nodepool,
        region=known.region or more.region,
        zone=known.zone or more.zone,
        accelerators=known.accelerators or more.accelerators,
        replicas=max(known.replicas, more.replicas),
        accelerator_model=known.accelerator_model or more.accelerator_model,
        rung=known.rung or more.rung,
        own_price=known.own_price or more.own_price,
        launched=known.launched if known.launched is not None else more.launched,
        reservation_id=known.reservation_id or more.reservation_id,
        is_auto=known.is_auto if known.is_auto is not None else more.is_auto,
    )


def is_instance_type(name: str) -> bool:
    """Whether it is a name of EC2's kind. Other distributions and clouds write theirs into the same labels (k3s)."""
    return name in instance_types() or _INSTANCE_TYPE.fullmatch(name) is not None


def _by_labels(inputs: Inputs, device_places: dict[int, Place]) -> dict[Place, list[Told]]:
    """What the rungs that are series tell: labels of nodes, and labels of what runs on them."""
    rows = [("node_shape", (row["cluster"], row["node"]), row) for row in inputs.series("node_shape")]
    rows += [("machine", place, row) for place, row in labelled_machines(inputs, device_places)]
    when = {table: spans(inputs, table) for table in ("node_shape", "machine")}
    found: dict[Place, list[Told]] = {}
    for table, place, row in rows:
        if presence := when[table].get(int(row["series"])):
            found.setdefault(place, []).append(Told(_ORDER.index(row["producer"]), presence, _of_row(row)))
    return found


def _labelled(told: list[Told], life: Presence) -> Shape:
    """One source after the other; of one source first what it told longest in this life, for names are used again."""
    during = [(one.order, -_overlap(one.presence, life), one.shape) for one in told]
    shape = Shape()
    for _, negative_overlap, more in sorted(during, key=lambda row: row[:2]):
        if negative_overlap < 0:
            shape = filled(shape, more)
    return shape


def _of_row(row: dict[str, str]) -> Shape:
    return Shape(
        instance_type=row["instance_type"],
        capacity_type=row["capacity_type"].lower().replace("_", "-"),
        nodepool=row["nodepool"],
        region=row.get("region", ""),
        zone=row["zone"],
        accelerators=_count(row.get("accelerators", "")),
        replicas=max(1, _count(row.get("replicas", ""))),
        accelerator_model=row.get("accelerator_model", ""),
        rung=row["producer"] if is_instance_type(row["instance_type"]) else "",
        reservation_id=row["reservation"] if "nodeclaim" in row else "",
        is_auto=_is_auto(row),
    )


def _is_auto(row: dict[str, str]) -> bool | None:
    """The collector always tells; others only where the label is shown to them."""
    if row.get("compute_type"):
        return row["compute_type"] == "auto"
    return False if row["producer"] == OWN and "compute_type" in row else None


def _count(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _by_ec2(lives: Lives, describe: Describe | None) -> dict[str, Shape]:
    """What EC2 says, by provider id. All nodes are asked for: the launch and the capacity type are worth it."""
    ids = sorted({provider_id for _, _, provider_id in lives if place_of(provider_id)})
    if describe is None or not ids:
        return {}
    return {
        provider_id: Shape(
            instance_type=one.instance_type,
            capacity_type=one.capacity_type,
            rung=EC2,
            launched=round(one.launched * 1e6),
            reservation_id=one.reservation_id,
        )
        for provider_id, one in describe(ids).items()
    }


def _by_provider_id(provider_id: str) -> Shape:
    place = place_of(provider_id)
    return Shape(region=place.region, zone=place.zone) if place else Shape()


def _guessed(shape: Shape, provider_id: str, seen: list[Seen], resources: dict[str, float]) -> Shape:
    """The last rung. Machines that something says are not of EC2 have none of its types."""
    if shape.instance_type or shape.own_price or not (provider_id == "" or provider_id.startswith(_EC2_PROVIDER)):
        return shape
    labelled = [shape.accelerator_model] if shape.accelerator_model else []
    model = table_model({one.model for one in seen if one.model} or labelled)
    count = device_count(shape, resources, seen)
    match fitting_types(model, count):
        case []:
            return shape
        case [only]:
            return replace(shape, instance_type=only, rung=ONE_FITS)
        case several:
            return replace(shape, accelerators=count, may_be=tuple(several), rung=SEVERAL_FIT)


def _overlap(one: Presence, other: Presence) -> int:
    return min(one.last, other.last) - max(one.first, other.first)

"""The nodes of a window, from what is known of them: lifetimes, instance types, prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from analyzer.ledger.devices import Seen, devices_by_place
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.namesakes import check_namesakes
from analyzer.ledger.nodes import Key, Lives, Node, Presence, Shape, advertised, lifetimes
from analyzer.ledger.options import Options
from analyzer.ledger.reserved import stays_of, told_reservations
from analyzer.ledger.shapes import shapes
from analyzer.pricing.book import Reservation
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import PricePath, Resource, Step, constant
from analyzer.pricing.price import CAPACITY_BLOCK, ON_DEMAND, RESERVED

_RESERVED = (RESERVED, CAPACITY_BLOCK)


class Prices(Protocol):
    """Anything that knows what nodes cost over time. A price book has reservations and fees as well."""

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        """The prices of a node between two times; unknown where it has none."""


def accelerator_nodes(
    inputs: Inputs,
    device_places: dict[int, tuple[str, str]],
    seen: list[Seen],
    prices: Prices,
    reservations: Sequence[Reservation],
    options: Options,
) -> tuple[list[Node], list[Node]]:
    """The accelerator nodes that lived in the window, and the nodes without accelerators beside them."""
    check_namesakes(inputs)
    devices_on = devices_by_place(seen)
    resources = advertised(inputs)
    for place, more in advertised(inputs, "node_allocatable").items():
        resources.setdefault(place, {}).update(more)
    lives = lifetimes(inputs, devices_on)
    shape_of = shapes(inputs, lives, device_places, seen, resources, options)
    told = told_reservations(inputs)
    with_accelerators: list[Node] = []
    without: list[Node] = []
    for key, (presence, created) in sorted(_one_after_another(lives).items()):
        shape = shape_of[key]
        start, end = _paid(inputs, presence, created, shape.launched)
        if start >= end:
            continue
        stays = stays_of(told.get(key[:2], ()), shape, start, end, reservations)
        node = _prices(Node(0, *key, shape, start, end, created, constant(None), stays=stays), prices)
        has = key[:2] in devices_on or key[:2] in resources or _promises(shape)
        (with_accelerators if has else without).append(node)
    return [replace(node, number=number) for number, node in enumerate(with_accelerators)], without


def _paid(inputs: Inputs, presence: Presence, created: int | None, launched: int | None) -> tuple[int, int]:
    """The paid lifetime inside the window: from launch where EC2 knows it, else from the making of the node object."""
    known = [at for at in (launched, created) if at is not None]
    return max(inputs.window.start, min(known, default=presence.first)), min(inputs.window.end, presence.last)


def _promises(shape: Shape) -> bool:
    entry = instance_types().get(shape.instance_type)
    return shape.accelerators > 0 or (entry is not None and entry.devices > 0)


def _prices(node: Node, prices: Prices) -> Node:
    """The node with its prices, and with the dearest that it may have where several types fit."""
    shape = node.shape
    if shape.own_price:
        return replace(node, prices=constant(shape.own_price))
    if not shape.may_be:
        return replace(node, prices=_path(node, shape.instance_type, prices))
    costs = []
    for name in shape.may_be:
        path = _path(node, name, prices)
        if (dollars := path.dollars(node.start, node.end)) is not None:
            costs.append((dollars, path))
    costs.sort(key=lambda cost: cost[0])
    return replace(node, prices=costs[0][1], dearest=costs[-1][1]) if costs else node


def _path(node: Node, instance_type: str, prices: Prices) -> PricePath:
    """The prices of each stay in a reservation and of the time between them, one after the other."""
    steps = []
    for since, until, resource in _resources(node, instance_type):
        spells = prices.path(resource, since, until).spells(since, until)
        steps += [Step(begins, price) for begins, _, price in spells]
    return PricePath(tuple(steps))


def _resources(node: Node, instance_type: str) -> Iterator[tuple[int, int, Resource]]:
    """What is to be priced over the node's life. What has left its reservation costs what on-demand nodes cost."""
    shape = node.shape
    outside = ON_DEMAND if node.stays and shape.capacity_type in _RESERVED else shape.capacity_type
    edges = sorted({node.start, node.end, *(edge for stay in node.stays for edge in (stay.start, stay.end))})
    for since, until in pairwise(edges):
        stay = next((stay for stay in node.stays if stay.start <= since < stay.end), None)
        yield (
            since,
            until,
            Resource(
                node.cluster,
                node.name,
                node.provider_id,
                instance_type,
                stay.capacity_type if stay else outside,
                shape.region,
                shape.zone,
                stay.reservation_id if stay else "",
            ),
        )


def _one_after_another(lives: Lives) -> Lives:
    """A node name that was used again: the older provider id ends where the newer begins."""
    by_name: dict[tuple[str, str], list[Key]] = {}
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

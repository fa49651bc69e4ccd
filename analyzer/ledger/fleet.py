"""The nodes of a window, from what is known of them: lifetimes, instance types, prices."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from analyzer.ledger.devices import Seen, devices_by_place
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.namesakes import check_namesakes
from analyzer.ledger.nodes import Key, Lives, Node, Presence, Shape, advertised, lifetimes
from analyzer.ledger.options import Options
from analyzer.ledger.shapes import shapes
from analyzer.pricing.instances import instance_types
from analyzer.pricing.price import Price, PriceSource


def accelerator_nodes(
    inputs: Inputs, device_places: dict[int, tuple[str, str]], seen: list[Seen], prices: PriceSource, options: Options
) -> tuple[list[Node], list[Node]]:
    """The accelerator nodes that lived in the window, and the nodes without accelerators beside them."""
    check_namesakes(inputs)
    devices_on = devices_by_place(seen)
    resources = advertised(inputs)
    for place, more in advertised(inputs, "node_allocatable").items():
        resources.setdefault(place, {}).update(more)
    lives = lifetimes(inputs, devices_on)
    shape_of = shapes(inputs, lives, device_places, seen, resources, options)
    with_accelerators: list[Node] = []
    without: list[Node] = []
    for key, (presence, created) in sorted(_one_after_another(lives).items()):
        shape = shape_of[key]
        start, end = _paid(inputs, presence, created, shape.launched)
        if start >= end:
            continue
        node = Node(0, *key, shape, start, end, created, *_prices(shape, prices))
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


def _prices(shape: Shape, prices: PriceSource) -> tuple[Price | None, Price | None]:
    """The node's price, and the dearest that it may have where several types fit."""
    if shape.own_price:
        return shape.own_price, None
    types = shape.may_be or ((shape.instance_type,) if shape.instance_type else ())
    asked = [prices.price(name, shape.capacity_type, shape.region) for name in types]
    known = sorted((price for price in asked if price), key=lambda price: price.dollars_per_hour)
    if not known:
        return None, None
    return known[0], known[-1] if shape.may_be else None


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

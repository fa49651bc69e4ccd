"""The nodes of a window, from what is known of them: lifetimes, instance types, prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from analyzer.ledger.bought import Ends, read_bought, with_unregistered
from analyzer.ledger.devices import Seen, devices_by_place
from analyzer.ledger.inputs import Inputs
from analyzer.ledger.namesakes import check_namesakes
from analyzer.ledger.nodes import Key, Lives, Node, Presence, Shape, advertised, lifetimes
from analyzer.ledger.options import Options
from analyzer.ledger.reserved import stays_of, told_reservations
from analyzer.ledger.shapes import shapes
from analyzer.ledger.steps import SPEAKS_INTERVALS
from analyzer.pricing.book import Reservation
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import PricePath, Resource, Step, constant
from analyzer.pricing.price import CAPACITY_BLOCK, ON_DEMAND, RESERVED
from analyzer.window import Window

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
    bought = read_bought(inputs)
    lives = with_unregistered(lifetimes(inputs, devices_on), bought)
    shape_of = shapes(inputs, lives, device_places, seen, resources, options, bought.unregistered)
    last_words = _last_words(lives)
    told = told_reservations(inputs)
    with_accelerators: list[Node] = []
    without: list[Node] = []
    for key, (presence, created) in sorted(_one_after_another(lives).items()):
        shape = shape_of[key]
        ends = bought.ends(key, presence)
        launched = shape.launched if ends.launched is None else ends.launched
        paid = _paid(inputs.window, presence, created, Ends(launched, ends.gone), last_words[key[0]])
        if paid.start >= paid.end:
            continue
        stays = stays_of(told.get(key[:2], ()), shape, paid.start, paid.end, reservations)
        node = Node(
            0,
            *key,
            shape,
            paid.start,
            paid.end,
            created,
            constant(None),
            stays=stays,
            begin_is_known=paid.begin_is_known,
            end_is_known=paid.end_is_known,
            is_registered=key not in bought.unregistered,
        )
        node = _prices(node, prices)
        has = key[:2] in devices_on or key[:2] in resources or _promises(shape)
        (with_accelerators if has else without).append(node)
    return [replace(node, number=number) for number, node in enumerate(with_accelerators)], without


@dataclass(frozen=True, slots=True)
class _Paid:
    """A paid lifetime inside the window, and which of its ends is no estimate."""

    start: int
    end: int
    begin_is_known: bool
    end_is_known: bool


def _paid(window: Window, presence: Presence, created: int | None, ends: Ends, last_word: int) -> _Paid:
    """From the launch where that is known, else from the making of the node object; to where it is known to be gone,
    else to its last sample. One that was told of until nothing was told any more was alive then."""
    known = [at for at in (ends.launched, created) if at is not None]
    born = min(known, default=presence.first)
    last = presence.last if ends.gone is None else ends.gone
    speaks_until = presence.last + (SPEAKS_INTERVALS - 1) * presence.interval
    return _Paid(
        max(window.start, born),
        min(window.end, last),
        ends.launched is not None or born <= window.start,
        ends.gone is not None or speaks_until >= min(window.end, last_word),
    )


def _last_words(lives: Lives) -> dict[str, int]:
    """When anything was last told of any node, by cluster."""
    found: dict[str, int] = {}
    for key, (presence, _) in lives.items():
        found[key[0]] = max(found.get(key[0], 0), presence.last)
    return found


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
                settled[older] = (replace(presence, last=max(presence.first, begins)), created)
    return settled

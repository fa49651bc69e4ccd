"""Reservations and Capacity Blocks: which nodes run in them, and what of them is paid for while nothing runs in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import pyarrow as pa

from analyzer.ledger.devices import Device
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import Node, Presence, Shape, Stay, spans
from analyzer.ledger.shapes import RUNGS
from analyzer.pricing.book import Reservation, is_block_id
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import FOREVER, PricePath, constant
from analyzer.pricing.price import CAPACITY_BLOCK, RESERVED, Price
from analyzer.window import Window
from exporters.cluster.node_life import is_accelerated_type

Place = tuple[str, str]  # cluster, node
_RESERVED = (RESERVED, CAPACITY_BLOCK)
_TELL_OF_TIME = ("node_info", "node_shape", "accelerator", "pod_info", "target_up")


@dataclass(frozen=True, slots=True)
class Told:
    """Which reservation a label names for a node, and when; empty text: none."""

    presence: Presence
    reservation_id: str


@dataclass(frozen=True, slots=True)
class Unlaunched:
    """So many instances of a reservation that nobody launched, for one spell of time (microseconds)."""

    reservation: Reservation
    start: int
    end: int
    instances: int
    devices: int  # of one instance

    @property
    def price(self) -> Price | None:
        return self.reservation.price

    @property
    def prices(self) -> PricePath:
        return constant(self.price)


def told_reservations(inputs: Inputs) -> dict[Place, list[Told]]:
    """What labels say of each node, in order of time, by the most trusted producer that names a reservation at all:
    the silence of another one does not end it."""
    when = spans(inputs, "node_shape")
    found: dict[Place, dict[str, list[Told]]] = {}
    for row in inputs.series("node_shape"):
        if presence := when.get(int(row["series"])):
            by_producer = found.setdefault((row["cluster"], row["node"]), {})
            by_producer.setdefault(row["producer"], []).append(Told(presence, row["reservation"]))
    order = list(RUNGS)
    return {
        place: sorted(by_producer[min(naming, key=order.index)], key=lambda one: one.presence.first)
        for place, by_producer in found.items()
        if (naming := [name for name, told in by_producer.items() if any(one.reservation_id for one in told)])
    }


def stays_of(
    told: Sequence[Told], shape: Shape, start: int, end: int, reservations: Sequence[Reservation]
) -> tuple[Stay, ...]:
    """When a node that lives from `start` to `end` is in which reservation. What a label says holds until it says
    something else; what it says first holds from the node's birth. Without a label EC2's word counts, also for a node
    that is on demand and runs in an open reservation; without that the one that fits is meant."""
    during = [one for one in told if one.presence.first < end and one.presence.last > start]
    if not during and shape.reservation_id:
        during = [Told(Presence(start, end), shape.reservation_id)]
    if not during:
        fits = fitting(shape, start, end, reservations)
        is_clear = len({one.id for one in fits}) == 1
        return tuple(_inside(start, end, one) for one in fits if is_clear)
    edges = [start, *(max(start, one.presence.first) for one in during[1:]), end]
    return tuple(
        stay
        for one, (since, until) in zip(during, pairwise(edges), strict=True)
        if one.reservation_id and since < until
        for stay in _of_id(one.reservation_id, shape, since, until, reservations)
    )


def fitting(shape: Shape, start: int, end: int, reservations: Sequence[Reservation]) -> list[Reservation]:
    """The reservations that a node can be in which says that it is reserved but not where."""
    if shape.capacity_type not in _RESERVED:
        return []
    return [
        one
        for one in reservations
        if one.instance_type == shape.instance_type
        and shape.capacity_type in (RESERVED, one.capacity_type)
        and all(
            not mine or not its or mine == its for mine, its in ((shape.zone, one.zone), (shape.region, one.region))
        )
        and one.start < end
        and one.end > start
    ]


def told_time(inputs: Inputs, nodes: Sequence[Node]) -> Window | None:
    """The part of the window of which the store tells anything: outside of it nobody knows what was launched."""
    seen = [presence for table in _TELL_OF_TIME for presence in spans(inputs, table).values()]
    start = max(inputs.window.start, min([one.first for one in seen] + [node.start for node in nodes], default=FOREVER))
    end = min(inputs.window.end, max([one.last for one in seen] + [node.end for node in nodes], default=0))
    return Window(start, end) if start < end else None


def unlaunched(
    reservations: Sequence[Reservation], nodes: Sequence[Node], devices: Sequence[Device], window: Window
) -> list[Unlaunched]:
    """What is paid for and not used in a time, cut where a node comes or goes. Types that have no accelerators,
    neither in the table nor on a node, are outside this bill."""
    devices_of = _devices_of(nodes, devices)
    found = []
    for one in reservations:
        start, end = max(one.start, window.start), min(one.end, window.end)
        if start < end and (count := devices_of.get(one.instance_type, 0)):
            stays = [stay for node in nodes for stay in node.stays if stay.reservation_id == one.id]
            found += [Unlaunched(one, *spell, count) for spell in _unused(one.count, stays, start, end)]
    return found


def uncounted(
    reservations: Sequence[Reservation], nodes: Sequence[Node], devices: Sequence[Device], window: Window
) -> list[Reservation]:
    """Those of this time whose type has accelerators by its name, and neither the table nor a node says how many: what
    of them is unused cannot be told in accelerator-seconds."""
    known = _devices_of(nodes, devices)
    return [
        one
        for one in reservations
        if one.start < window.end
        and one.end > window.start
        and not known.get(one.instance_type)
        and is_accelerated_type(one.instance_type)
    ]


def unlaunched_rows(inputs: Inputs, spells: Sequence[Unlaunched]) -> None:
    """Makes the table unlaunched (instance_type, capacity_type, start_t, end_t, devices, device_dollars_per_hour)."""
    table_of(
        inputs.db,
        "unlaunched",
        {
            "instance_type": pa.array([one.reservation.instance_type for one in spells], pa.string()),
            "capacity_type": pa.array([one.reservation.capacity_type for one in spells], pa.string()),
            "start_t": pa.array([one.start for one in spells], pa.int64()),
            "end_t": pa.array([one.end for one in spells], pa.int64()),
            "devices": pa.array([one.instances * one.devices for one in spells], pa.int64()),
            "device_dollars_per_hour": pa.array(
                [one.price.dollars_per_hour / one.devices if one.price else None for one in spells], pa.float64()
            ),
        },
    )


def _of_id(name: str, shape: Shape, start: int, end: int, reservations: Sequence[Reservation]) -> list[Stay]:
    """Where the reservation exists in that time; all of it where the price book does not know it. A rate card may know
    a block by its own id only: then the only one that fits is meant."""
    known = [one for one in reservations if one.id == name]
    if not known:
        blocks = [one for one in fitting(shape, start, end, reservations) if is_block_id(one.id)]
        if len({one.id for one in blocks}) == 1:
            return [replace(_inside(start, end, one), label=name) for one in blocks]
        return [Stay(start, end, name, RESERVED)]
    return [_inside(start, end, one) for one in known if one.start < end and one.end > start]


def _inside(start: int, end: int, one: Reservation) -> Stay:
    return Stay(max(start, one.start), min(end, one.end), one.id, one.capacity_type)


def _devices_of(nodes: Sequence[Node], devices: Sequence[Device]) -> dict[str, int]:
    """Devices of one instance, by instance type."""
    found = {entry.name: entry.devices for entry in instance_types().values()}
    count: dict[int, int] = {}
    for device in devices:
        count[device.node] = count.get(device.node, 0) + 1
    return {node.shape.instance_type: count.get(node.number, 0) for node in nodes} | found


def _unused(count: int, stays: Sequence[Stay], start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(from, to, instances) while fewer nodes are in than were reserved. More than that use other capacity."""
    edges = {start, end, *(edge for stay in stays for edge in (stay.start, stay.end) if start < edge < end)}
    for since, until in pairwise(sorted(edges)):
        idle = count - sum(stay.start <= since < stay.end for stay in stays)
        if idle > 0:
            yield since, until, idle

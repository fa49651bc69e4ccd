"""What `gpuyield export cluster` tells of money: nodes, reservations and fees, a source for each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from analyzer.pricing.book import Fee, Reservation
from analyzer.pricing.instances import instance_types
from analyzer.pricing.live import LivePrices
from analyzer.pricing.price import Price
from analyzer.window import MICROSECONDS
from exporters.canonical import prices
from exporters.cluster import node_life
from exporters.cluster.objects import Node
from exporters.metric import Metric, Sample
from exporters.source import Source, SourceAbsent, SourceFailed

Clock = Callable[[], float]


class PriceRoster:
    """Begins to look prices up when it is first asked for its sources."""

    name = "prices"

    def __init__(self, live: LivePrices, clock: Clock = time.time) -> None:
        self._live = live
        self._is_started = False
        self._sources: Mapping[str, Source] = {
            "prices/nodes": NodePrices(live, clock),
            "prices/reservations": ReservationPrices(live, clock),
            "prices/fees": FeePrices(live, clock),
        }

    def sources(self) -> Mapping[str, Source]:
        if not self._is_started:
            self._is_started = True
            self._live.start()
        return self._sources

    def close(self) -> None:
        """Who waits for AWS then is left behind."""
        self._live.stop()


class NodePrices:
    """Of the nodes that have a known price."""

    metrics: tuple[Metric, ...] = (prices.node_price_dollars_per_hour, prices.node_price_age_seconds)

    def __init__(self, live: LivePrices, clock: Clock) -> None:
        self._live = live
        self._clock = clock

    def read(self) -> list[Sample]:
        book, priced = self._live.now()
        now, basis = self._clock(), book.prices.basis
        return [
            sample
            for uid in self._live.nodes()
            if (one := priced.get(uid)) and (price := one.path.at(round(now * MICROSECONDS)))
            for sample in _of_node(one.node.metadata.name, price, basis, now)
        ]


def _of_node(node: str, price: Price, basis: str, now: float) -> Iterator[Sample]:
    dollars = price.dollars_per_hour
    yield prices.node_price_dollars_per_hour.sample(dollars, now, node=node, basis=basis, source=price.source)
    day = datetime(price.as_of.year, price.as_of.month, price.as_of.day, tzinfo=UTC)
    yield prices.node_price_age_seconds.sample(max(0.0, now - day.timestamp()), now, node=node)


class ReservationPrices:
    """Of the reservations and Capacity Blocks that run."""

    metrics: tuple[Metric, ...] = (prices.reservation_dollars_per_hour, prices.reservation_accelerators)

    def __init__(self, live: LivePrices, clock: Clock) -> None:
        self._live = live
        self._clock = clock

    def read(self) -> list[Sample]:
        book, _ = self._live.now()
        now = self._clock()
        at = round(now * MICROSECONDS)
        running = [one for one in book.prices.reservations if one.start <= at < one.end]
        if book.reservation_troubles and not running:
            raise SourceFailed("; ".join(book.reservation_troubles))
        if not book.prices.reservations:
            raise SourceAbsent("no reservation is known; --ask-aws --aws-region REGION or a rate card tells of them")
        nodes = self._live.nodes().values()
        held = [node.metadata.label(*node_life.RESERVATION) for node in nodes]
        return [
            sample for one in running for sample in _of_reservation(one, held.count(one.id), book.prices.basis, now)
        ]


def _of_reservation(one: Reservation, nodes: int, basis: str, now: float) -> Iterator[Sample]:
    """What EC2 says of its use goes before what is seen here: others may run instances in it."""
    own = {"reservation": one.id, "instance_type": one.instance_type}
    if one.price:
        dollars = one.price.dollars_per_hour * one.count
        place = {"kind": one.kind, "zone": one.zone, "basis": basis, "source": one.price.source}
        yield prices.reservation_dollars_per_hour.sample(dollars, now, **own, **place)
    if (entry := instance_types().get(one.instance_type)) and entry.devices:
        unused = max(0, one.count - nodes) if one.unused is None else one.unused
        for state, instances in (("used", one.count - unused), ("unused", unused)):
            yield prices.reservation_accelerators.sample(instances * entry.devices, now, **own, state=state)


class FeePrices:
    """Of what is paid beside the nodes."""

    metrics: tuple[Metric, ...] = (prices.cluster_fee_dollars_per_hour,)

    def __init__(self, live: LivePrices, clock: Clock) -> None:
        self._live = live
        self._clock = clock

    def read(self) -> list[Sample]:
        book, _ = self._live.now()
        if book.fee_troubles and not book.prices.fees:
            raise SourceFailed("; ".join(book.fee_troubles))
        if not book.prices.fees:
            raise SourceAbsent("no fee is known; --ask-aws --eks-cluster NAME or a rate card tells of them")
        now, found = self._clock(), dict[str, float]()
        for fee in book.prices.fees:
            price = fee.path.at(round(now * MICROSECONDS))
            if price and (times := _times(fee, self._live.nodes())):
                found[fee.name] = found.get(fee.name, 0.0) + times * price.dollars_per_hour
        return [prices.cluster_fee_dollars_per_hour.sample(dollars, now, fee=name) for name, dollars in found.items()]


def _times(fee: Fee, nodes: Mapping[str, Node]) -> int:
    """How often a fee is paid: once for a cluster, or for each node of Auto Mode that is of the fee's type."""
    if not fee.instance_type:
        return 1
    return sum(
        node.metadata.label(*node_life.COMPUTE_TYPE) == "auto"
        and node.metadata.label(*node_life.INSTANCE_TYPE) == fee.instance_type
        for node in nodes.values()
    )

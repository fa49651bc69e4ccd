"""What price paths come to over a time: seconds with a price, their dollars, and the steps that rows are cut at."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from analyzer.ledger.devices import Device
from analyzer.ledger.inputs import Inputs, table_of
from analyzer.ledger.nodes import Node
from analyzer.pricing.path import PricePath
from analyzer.pricing.price import Price
from exporters.source import GpuyieldError

_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Priced:
    """`dollars` are of the priced seconds only; None where no second has a price."""

    seconds: float
    priced_seconds: float
    dollars: float | None

    @property
    def coverage(self) -> float:
        return self.priced_seconds / self.seconds if self.seconds else 0.0


def priced(path: PricePath, start: int, end: int, count: float = 1) -> Priced:
    """So many of what the path is the price of, from `start` to `end`."""
    known = [(until - since, price) for since, until, price in path.spells(start, end) if price]
    return Priced(
        count * (end - start) / 1e6,
        count * sum(long for long, _ in known) / 1e6,
        count * math.fsum(price.dollars_per_hour * long / _HOUR_US for long, price in known) if known else None,
    )


def total(several: Iterable[Priced]) -> Priced:
    """All of them together."""
    listed = list(several)
    known = [one.dollars for one in listed if one.dollars is not None]
    return Priced(
        math.fsum(one.seconds for one in listed),
        math.fsum(one.priced_seconds for one in listed),
        math.fsum(known) if known else None,
    )


class MixedCurrencies(GpuyieldError):
    """Prices that cannot be added up."""


def currency_of(prices: Iterable[Price]) -> str:
    """The one currency of all of them."""
    found = sorted({price.currency for price in prices})
    if len(found) > 1:
        raise MixedCurrencies(
            f"there are prices in {' and in '.join(found)}, and a bill has one currency: say what each of the others is"
            " in dollars, under `currencies` of the rate card (--prices FILE)"
        )
    return found[0] if found else "USD"


def node_cost(node: Node) -> Priced:
    """What a node cost in its life inside the window."""
    return priced(node.prices, node.start, node.end)


def prices_of(nodes: Iterable[Node]) -> set[Price]:
    """Every price that a node had in its life inside the window."""
    return {price for node in nodes for _, _, price in node.prices.spells(node.start, node.end) if price}


def price_spells(inputs: Inputs, nodes: list[Node], devices: list[Device]) -> None:
    """Makes node_price (spell, node, start_t, end_t, device_dollars_per_hour): each node's life without gap, cut
    where its price changes. The dollars are of one device, null where there is no price."""
    count = [0] * len(nodes)
    for device in devices:
        count[device.node] += 1
    spells = [
        (node.number, since, until, price.dollars_per_hour / count[node.number] if price else None)
        for node in nodes
        for since, until, price in node.prices.spells(node.start, node.end)
    ]
    table_of(
        inputs.db,
        "node_price",
        {
            "spell": pa.array(range(len(spells)), pa.int32()),
            "node": pa.array([node for node, _, _, _ in spells], pa.int32()),
            "start_t": pa.array([since for _, since, _, _ in spells], pa.int64()),
            "end_t": pa.array([until for _, _, until, _ in spells], pa.int64()),
            "device_dollars_per_hour": pa.array([dollars for _, _, _, dollars in spells], pa.float64()),
        },
    )

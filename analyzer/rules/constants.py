"""What one node of each accelerator type costs at this moment: the constants of the recording rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.pricing.book import PriceBook
from analyzer.pricing.card_prices import CardPrices
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import Resource

_PATTERN = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Constant:
    """The price of a whole node, and what it is."""

    instance_type: str
    dollars_per_hour: float
    basis: str


def constants(book: PriceBook, region: str, now: int) -> list[Constant]:
    """Of every type that has a price; a type without one is left out, since 0 is not a price. `now`: microseconds."""
    found = []
    accelerated = {name for name, one in instance_types().items() if one.devices}
    for name in sorted(accelerated | set(_named(book))):
        price = book.path(Resource(instance_type=name, region=region), now, now + 1).at(now)
        if price is not None:
            found.append(Constant(name, price.dollars_per_hour, price.basis))
    return found


def _named(book: PriceBook) -> Iterator[str]:
    """Types that only the rate card knows, where it names them in full."""
    for source in book.sources:
        if isinstance(source, CardPrices):
            names = (entry.match.instance_type for entry in source.card.content.prices)
            yield from (name for name in names if name and not _PATTERN & set(name))

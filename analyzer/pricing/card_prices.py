"""A rate card's prices and discounts as sources for the price book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.pricing.book import Answer, Fee, PriceFile, ranked
from analyzer.pricing.path import FOREVER, PricePath, Resource, Step, constant
from analyzer.pricing.price import EFFECTIVE, Price
from analyzer.pricing.rate_card import CardDiscount, CardPrice, RateCard, microseconds


@dataclass(frozen=True, slots=True)
class CardPrices:
    """The card's own prices of one basis."""

    card: RateCard
    basis: str

    @property
    def name(self) -> str:
        return f"rate card {self.card.name}, {self.basis} prices"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """The first entry that matches at each moment; unknown between the times of the entries."""
        entries = [one for one in self.card.content.prices if one.basis == self.basis and one.match.fits(resource)]
        if not entries:
            return None
        edges = sorted({0, *(edge for entry in entries for edge in _span(entry) if 0 < edge < FOREVER)})
        path = PricePath(tuple(Step(at, self._price(entries, at, resource)) for at in edges)).between(start, end)
        return Answer(self.name, path)

    def _price(self, entries: list[CardPrice], at: int, resource: Resource) -> Price | None:
        entry = next((one for one in entries if _span(one)[0] <= at < _span(one)[1]), None)
        if entry is None:
            return None
        dollars = self.card.dollars(entry.per_hour, entry.currency)
        named = resource.instance_type or resource.node
        return Price(dollars, self.basis, f"rate card {self.card.name}", self.card.as_of, named, region=resource.region)


@dataclass(frozen=True, slots=True)
class CardDiscounts:
    """What the card takes off the price that the sources `below` it would give."""

    card: RateCard
    below: Sequence[PriceFile]

    @property
    def name(self) -> str:
        return f"rate card {self.card.name}, discounts"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """The discounted path; nothing where no discount matches."""
        discount = next((one for one in self.card.content.discounts if one.match.fits(resource)), None)
        if discount is None:
            return None
        first = next(iter(ranked(self.below, resource, start, end, EFFECTIVE)), None)
        if first is None or not first.is_winner or first.path is None:
            return Answer(self.name, None, "there is no price to take it off")
        return Answer(self.name, first.path.each(self._less(discount)), warning=first.warning)

    def _less(self, discount: CardDiscount) -> Callable[[Price], Price]:
        def less(price: Price) -> Price:
            return replace(
                price,
                dollars_per_hour=price.dollars_per_hour * (1.0 - discount.ratio),
                basis=EFFECTIVE,
                source=f"{price.source}, less {discount.ratio:.4g} (rate card {self.card.name})",
            )

        return less


def card_fees(card: RateCard) -> list[Fee]:
    """The fees that the card names."""
    return [
        Fee(
            fee.name,
            fee.cluster,
            constant(
                Price(
                    card.dollars(fee.per_hour, fee.currency), EFFECTIVE, f"rate card {card.name}", card.as_of, fee.name
                )
            ),
        )
        for fee in card.content.fees
    ]


def _span(entry: CardPrice) -> tuple[int, int]:
    return microseconds(entry.start, 0), microseconds(entry.end, FOREVER)

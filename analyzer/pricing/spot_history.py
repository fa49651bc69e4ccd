"""What spot capacity cost, zone by zone and change by change, for the 90 days that EC2 remembers; kept, and so longer.

Needs `ec2:DescribeSpotPriceHistory`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from analyzer.pricing import aws
from analyzer.pricing.aws_region import currency_of, region_of
from analyzer.pricing.book import Answer
from analyzer.pricing.path import PricePath, Resource, Step
from analyzer.pricing.price import EFFECTIVE, SPOT, Price, amount
from analyzer.pricing.shelf import Kept, Shelf
from analyzer.window import MICROSECONDS

KIND = "spot-history"
FRESH_SECONDS = 3600.0
_REMEMBERED_SECONDS = 90 * 86_400
_ACTION = "ec2:DescribeSpotPriceHistory"
# The first is what zones of a VPC-only account answer with too; the second is kept for old accounts.
_PRODUCTS = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")


class SpotPrices(msgspec.Struct, frozen=True):
    """Changes of price of one instance type, by zone: (unix microseconds, price per hour). `until`: when asked."""

    region: str
    instance_type: str
    until: int
    zones: dict[str, list[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class SpotHistory:
    """The history as a source of prices. Of a zone it says nothing before the first price that is known."""

    shelf: Shelf
    client: aws.Client = aws.client
    name: str = "EC2 spot price history"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """A step for each change of price in the node's zone."""
        if resource.capacity_type != SPOT or not resource.instance_type:
            return None
        region = region_of(resource)
        if not region or not resource.zone:
            return Answer(self.name, None, "the node's zone is unknown, and spot prices differ by zone")
        if currency_of(region) != "USD":
            return Answer(self.name, None, f"spot prices of {region} are in {currency_of(region)}")
        kept = self.kept(region, resource.instance_type)
        changes = kept.value.zones.get(resource.zone, [])
        if not changes:
            return Answer(self.name, None, f"no spot price of {resource.instance_type} in {resource.zone} is known")
        first = bisect_right(changes, start, key=lambda change: change[0]) - 1
        near = [change for change in changes[max(0, first) :] if change[0] < end]
        steps = self._steps(resource, near, kept)
        return Answer(self.name, PricePath(steps if first >= 0 else (Step(0, None), *steps)), warning=kept.trouble)

    def known_zones(self, region: str, instance_type: str) -> list[str]:
        """The zones of a region whose prices are kept; no one is asked."""
        kept = self.shelf.old(KIND, f"{region}_{instance_type}", SpotPrices)
        return sorted(kept.value.zones) if kept else []

    def kept(self, region: str, instance_type: str) -> Kept[SpotPrices]:
        """The changes of the last 90 days, and of longer where they were kept."""

        def ask(old: SpotPrices | None) -> SpotPrices:
            now = round(self.shelf.clock() * MICROSECONDS)
            remembered = now - _REMEMBERED_SECONDS * MICROSECONDS
            if old is None or old.until < remembered:  # between the two nothing would be known
                return self._asked(region, instance_type, remembered, now)
            return _joined(old, self._asked(region, instance_type, old.until, now))

        return self.shelf.get(KIND, f"{region}_{instance_type}", SpotPrices, ask, FRESH_SECONDS)

    def _asked(self, region: str, instance_type: str, since: int, now: int) -> SpotPrices:
        """EC2 also gives the last change before `since`: the price then."""
        found: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
        with aws.told(_ACTION, region):
            pages = self.client("ec2", region).get_paginator("describe_spot_price_history")
            asked = {
                "StartTime": datetime.fromtimestamp(since // MICROSECONDS, UTC),
                "InstanceTypes": [instance_type],
                "ProductDescriptions": list(_PRODUCTS),
            }
            for page in pages.paginate(**asked):
                for one in page["SpotPriceHistory"]:
                    at = round(one["Timestamp"].timestamp() * MICROSECONDS)
                    if (price := amount(one["SpotPrice"])) is not None:
                        found[one["AvailabilityZone"]][one["ProductDescription"]][at] = price
        zones = {zone: sorted(_of_one_product(products).items()) for zone, products in sorted(found.items())}
        return SpotPrices(region, instance_type, now, zones)

    def _steps(self, resource: Resource, changes: list[tuple[int, float]], kept: Kept[SpotPrices]) -> tuple[Step, ...]:
        as_of = datetime.fromtimestamp(kept.fetched_at, UTC).date()
        where, is_stale = kept.value.region, bool(kept.trouble)

        def price(dollars: float) -> Price:
            name = resource.instance_type
            return Price(dollars, EFFECTIVE, self.name, as_of, name, region=where, is_stale=is_stale)

        return tuple(Step(at, price(dollars)) for at, dollars in changes)


def _of_one_product(products: dict[str, dict[int, float]]) -> dict[int, float]:
    """The two products are one thing with two names: their changes are never mixed."""
    return next((products[name] for name in _PRODUCTS if products.get(name)), {})


def _joined(old: SpotPrices, new: SpotPrices) -> SpotPrices:
    """What was kept and what came now."""
    zones = {
        zone: sorted((dict(old.zones.get(zone, [])) | dict(new.zones.get(zone, []))).items())
        for zone in sorted({*old.zones, *new.zones})
    }
    return SpotPrices(new.region, new.instance_type, new.until, zones)

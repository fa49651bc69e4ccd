"""On-demand prices of the AWS Price List: one list for each region, read page by page and kept with its age.

Needs `pricing:GetProducts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from analyzer.pricing import aws
from analyzer.pricing.aws_region import currency_of, price_list_region, region_of
from analyzer.pricing.book import Answer
from analyzer.pricing.path import Resource, constant
from analyzer.pricing.price import LIST, UNUSED_RESERVATION, Price, amount
from analyzer.pricing.shelf import Kept, Shelf

FRESH_SECONDS = 12 * 3600.0
OVER_AGE_SECONDS = 45 * 86_400.0

KIND = "price-list"
SHARED = "shared"
BARE_METAL = "bare-metal"
UNUSED = "unused"

_ACTION = "pricing:GetProducts"
_PAGE = 100  # the most that the service gives
_LINUX = {"serviceCode": "AmazonEC2", "preInstalledSw": "NA", "operatingSystem": "Linux", "marketoption": "OnDemand"}
_FILTERS: Mapping[str, Mapping[str, str]] = {
    SHARED: {**_LINUX, "capacitystatus": "Used", "tenancy": "Shared", "productFamily": "Compute Instance"},
    UNUSED: {
        **_LINUX,
        "capacitystatus": "UnusedCapacityReservation",
        "tenancy": "Shared",
        "productFamily": "Compute Instance",
    },
    BARE_METAL: {
        **_LINUX,
        "capacitystatus": "Used",
        "tenancy": "Dedicated",
        "productFamily": "Compute Instance (bare metal)",
    },
}


class RegionPrices(msgspec.Struct, frozen=True):
    """Prices per hour by instance type, in the region's currency."""

    region: str
    currency: str
    prices: dict[str, float]


@dataclass(frozen=True, slots=True)
class PriceList:
    """The list as a source of prices. `currencies`: dollars for one unit, where a region bills in another."""

    shelf: Shelf
    client: aws.Client = aws.client
    currencies: Mapping[str, float] = field(default_factory=dict)
    name: str = "AWS Price List"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """One price for all time; the list has no history."""
        if not resource.instance_type:
            return None
        region = region_of(resource)
        if not region:
            return Answer(self.name, None, "the node's region is unknown")
        for offer in _offers(resource):
            listed = self.listed(region, offer)
            if resource.instance_type in listed.value.prices:
                return self._answer(resource.instance_type, listed)
        return Answer(self.name, None, f"{resource.instance_type} is not sold on demand in {region}")

    def listed(self, region: str, offer: str) -> Kept[RegionPrices]:
        """What one region's list says of shared, bare-metal or unused instances."""

        def ask(old: RegionPrices | None) -> RegionPrices:
            return hourly_prices(self.client, "AmazonEC2", region, _FILTERS[offer])

        return self.shelf.get(KIND, f"{region}_{offer}", RegionPrices, ask, FRESH_SECONDS)

    def _answer(self, instance_type: str, listed: Kept[RegionPrices]) -> Answer:
        prices, as_of = listed.value, datetime.fromtimestamp(listed.fetched_at, UTC).date()
        if self.shelf.clock() - listed.fetched_at > OVER_AGE_SECONDS:
            return Answer(
                self.name, None, f"it is of {as_of}, and over 45 days old counts as unknown; {listed.trouble}"
            )
        rate = 1.0 if prices.currency == "USD" else amount(self.currencies.get(prices.currency))
        if rate is None:
            return Answer(
                self.name, None, f"it is in {prices.currency}, without a rate in `currencies` of the rate card"
            )
        price = Price(
            prices.prices[instance_type] * rate,
            LIST,
            self.name if rate == 1.0 else f"{self.name}, {prices.currency} at {rate:g}",
            as_of,
            instance_type,
            region=prices.region,
            is_stale=bool(listed.trouble),
        )
        return Answer(self.name, constant(price), warning=listed.trouble)


def hourly_prices(make: aws.Client, service_code: str, region: str, filters: Mapping[str, str]) -> RegionPrices:
    """On-demand prices per hour that fulfil all filters, by instance type."""
    endpoint, currency = price_list_region(region), currency_of(region)
    asked = {"regionCode": region, **filters}
    matched = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in asked.items()]
    prices: dict[str, float] = {}
    with aws.told(_ACTION, endpoint):
        pages = make("pricing", endpoint).get_paginator("get_products")
        for page in pages.paginate(ServiceCode=service_code, Filters=matched, PaginationConfig={"PageSize": _PAGE}):
            for text in page["PriceList"]:
                prices |= _hourly(text, currency)
    return RegionPrices(region, currency, prices)


def _hourly(text: str, currency: str) -> dict[str, float]:
    """{instance type: price} of one product; empty where it has none, and 0 is none."""
    try:
        product = json.loads(text)
        instance_type = product["product"]["attributes"]["instanceType"]
        found = [number for one in _dimensions(product) if (number := _per_hour(one, currency)) is not None]
    except (ValueError, KeyError, TypeError, AttributeError):  # a product of another shape
        return {}
    return {instance_type: max(found)} if isinstance(instance_type, str) and found else {}


def _dimensions(product: Any) -> Iterator[Any]:
    for term in product["terms"]["OnDemand"].values():
        yield from term["priceDimensions"].values()


def _per_hour(dimension: Any, currency: str) -> float | None:
    return amount(dimension["pricePerUnit"].get(currency)) if dimension["unit"] == "Hrs" else None


def _offers(resource: Resource) -> tuple[str, ...]:
    if ".metal" in resource.instance_type:
        return (BARE_METAL,)
    return (UNUSED, SHARED) if resource.capacity_type == UNUSED_RESERVATION else (SHARED,)

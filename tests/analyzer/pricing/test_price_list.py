"""On-demand prices: the exact question, all pages, no zeros, and what happens when AWS does not answer."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing.aws_region import price_list_region
from analyzer.pricing.path import Resource
from analyzer.pricing.price import UNUSED_RESERVATION, Price
from analyzer.pricing.price_list import PriceList, hourly_prices
from analyzer.pricing.shelf import Shelf
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import DAY_SECONDS, HOUR, Aws, Clock, again

LINUX = {
    "serviceCode": "AmazonEC2",
    "preInstalledSw": "NA",
    "operatingSystem": "Linux",
    "marketoption": "OnDemand",
}
SHARED = {**LINUX, "capacitystatus": "Used", "tenancy": "Shared", "productFamily": "Compute Instance"}
UNUSED = {**SHARED, "capacitystatus": "UnusedCapacityReservation"}
BARE = {**LINUX, "capacitystatus": "Used", "tenancy": "Dedicated", "productFamily": "Compute Instance (bare metal)"}


def _in(region: str, filters: dict[str, str]) -> dict[str, str]:
    return {"regionCode": region, **filters}


def _node(instance_type: str, region: str = "us-east-1", **more: str) -> Resource:
    return Resource(instance_type=instance_type, region=region, **more)


def _price(source: PriceList, node: Resource) -> Price | None:
    answer = source.path(node, 0, HOUR)
    return answer.path.at(0) if answer and answer.path else None


def _refusal(source: PriceList, node: Resource) -> str:
    answer = source.path(node, 0, HOUR)
    return answer.refused if answer else "knows nothing"


def test_every_page_is_read_once_for_all_types_of_a_region(aws: Aws, shelf: Shelf) -> None:
    aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    source = PriceList(shelf, aws)
    found = {name: _price(source, _node(name)) for name in ("p5.48xlarge", "p5.4xlarge", "g5.xlarge")}
    assert {name: one.dollars_per_hour if one else None for name, one in found.items()} == {
        "p5.48xlarge": 55.04,
        "p5.4xlarge": 55.04 / 8,
        "g5.xlarge": 1.006,
    }
    large = found["p5.48xlarge"]
    assert large is not None
    assert (large.name, large.region, large.basis) == ("AWS Price List, 2026-11-10", "us-east-1", "list")
    aws.all_asked()


@pytest.mark.parametrize("name", ["trn2.48xlarge", "p4d.24xlarge", "inf2.xlarge", "g6.xlarge", "no.such"])
def test_zero_another_unit_and_another_term_are_no_price(aws: Aws, shelf: Shelf, name: str) -> None:
    aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    source = PriceList(shelf, aws)
    assert _price(source, _node(name)) is None
    assert _refusal(source, _node(name)) == f"{name} is not sold on demand in us-east-1"


def test_bare_metal_is_asked_for_with_its_own_filters(aws: Aws, shelf: Shelf) -> None:
    aws.price_list("us-east-1", "bare-metal", _in("us-east-1", BARE))
    found = _price(PriceList(shelf, aws), _node("g4dn.metal"))
    assert found is not None
    assert found.dollars_per_hour == 7.824
    aws.all_asked()


def test_an_unfilled_reservation_has_a_price_of_its_own_or_that_of_its_instances(aws: Aws, shelf: Shelf) -> None:
    aws.price_list("us-east-1", "unused", _in("us-east-1", UNUSED))
    aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    source = PriceList(shelf, aws)
    for name, dollars in (("p5.48xlarge", 55.04), ("g5.xlarge", 1.006)):
        found = _price(source, _node(name, capacity_type=UNUSED_RESERVATION))
        assert found is not None
        assert found.dollars_per_hour == dollars
    aws.all_asked()


@pytest.mark.parametrize(("rates", "dollars"), [({"CNY": 0.14}, 9.95 * 0.14), ({}, None)])
def test_china_is_in_its_own_currency(aws: Aws, shelf: Shelf, rates: dict[str, float], dollars: float | None) -> None:
    aws.price_list("cn-northwest-1", "china", _in("cn-north-1", SHARED))
    source = PriceList(shelf, aws, rates)
    found = _price(source, _node("g5.xlarge", "cn-north-1"))
    assert (found.dollars_per_hour if found else None) == dollars
    if found is None:
        assert "currencies" in _refusal(source, _node("g5.xlarge", "cn-north-1"))
    else:
        assert found.name == "AWS Price List, CNY at 0.14, 2026-11-10"


@pytest.mark.parametrize(
    ("node", "region"),
    [
        (Resource(zone="eu-west-1b"), "eu-west-1"),
        (Resource(zone="us-west-2-lax-1a"), "us-west-2"),
        (Resource(provider_id="aws:///ap-south-1a/i-0abc"), "ap-south-1"),
    ],
)
def test_the_region_is_found_by_zone_or_provider_id(aws: Aws, shelf: Shelf, node: Resource, region: str) -> None:
    aws.price_list(price_list_region(region), "shared", _in(region, SHARED))
    asked = Resource(instance_type="g5.xlarge", zone=node.zone, provider_id=node.provider_id)
    assert _price(PriceList(shelf, aws), asked) is not None
    aws.all_asked()


def test_without_a_region_nothing_is_asked(aws: Aws, shelf: Shelf) -> None:
    assert _refusal(PriceList(shelf, aws), _node("g5.xlarge", "")) == "the node's region is unknown"
    assert PriceList(shelf, aws).path(Resource(region="us-east-1"), 0, HOUR) is None


def test_a_kept_list_is_asked_for_anew_after_half_a_day(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    for _ in range(2):
        aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    assert _price(PriceList(shelf, aws), _node("g5.xlarge"))
    clock.seconds += 11 * 3600
    assert _price(PriceList(again(shelf), aws), _node("g5.xlarge"))
    clock.seconds += 2 * 3600
    found = _price(PriceList(again(shelf), aws), _node("g5.xlarge"))
    assert found is not None
    assert not found.is_stale
    assert found.as_of.isoformat() == "2026-11-11"
    aws.all_asked()


def test_where_aws_refuses_the_kept_price_stands_and_is_stale(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    PriceList(shelf, aws).path(_node("g5.xlarge"), 0, HOUR)
    clock.seconds += DAY_SECONDS
    aws.refuses("pricing", "us-east-1", "get_products", "AccessDeniedException")  # once: nodes are many
    source = PriceList(again(shelf), aws)
    for _ in range(3):
        answer = source.path(_node("g5.xlarge"), 0, HOUR)
        assert answer is not None
        assert answer.path is not None
        found = answer.path.at(0)
        assert found is not None
        assert found.name == "AWS Price List, 2026-11-10, stale"
        assert found.dollars_per_hour == 1.006
        assert "pricing:GetProducts" in answer.warning


def test_a_list_of_more_than_45_days_counts_as_unknown(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    aws.price_list("us-east-1", "shared", _in("us-east-1", SHARED))
    PriceList(shelf, aws).path(_node("g5.xlarge"), 0, HOUR)
    clock.seconds += 46 * DAY_SECONDS
    aws.refuses("pricing", "us-east-1", "get_products", "ThrottlingException")
    source = PriceList(again(shelf), aws)
    assert _price(source, _node("g5.xlarge")) is None
    assert "over 45 days old" in _refusal(source, _node("g5.xlarge"))


def test_where_aws_refuses_and_nothing_is_kept_it_fails(aws: Aws, shelf: Shelf) -> None:
    aws.refuses("pricing", "us-east-1", "get_products", "AccessDeniedException")
    with pytest.raises(SourceFailed, match="pricing:GetProducts in us-east-1: not allowed"):
        PriceList(shelf, aws).path(_node("g5.xlarge"), 0, HOUR)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-west-2", "us-east-1"),
        ("sa-east-1", "us-east-1"),
        ("us-gov-west-1", "us-east-1"),
        ("eu-north-1", "eu-central-1"),
        ("ap-southeast-2", "ap-south-1"),
        ("cn-north-1", "cn-northwest-1"),
    ],
)
def test_which_endpoint_knows_the_prices_of_a_region(region: str, endpoint: str) -> None:
    assert price_list_region(region) == endpoint


class OnePage:
    """A Price List client with one page of these entries."""

    def __init__(self, entries: list[str]) -> None:
        self._entries = entries

    def get_paginator(self, operation: str) -> OnePage:
        assert operation == "get_products"
        return self

    def paginate(self, **asked: object) -> list[dict[str, list[str]]]:
        return [{"PriceList": self._entries}]


def _product(told: object) -> str:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": told}}
    terms = {"OnDemand": {"sku.term": {"priceDimensions": {"rate": dimension}}}}
    return json.dumps({"product": {"attributes": {"instanceType": "p5.48xlarge"}}, "terms": terms})


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values.map(_product) | json_values.map(json.dumps) | st.text())
def test_whatever_the_list_holds_a_price_is_above_0(entry: str) -> None:
    listed = hourly_prices(lambda service, region: OnePage([entry]), "AmazonEC2", "us-east-1", {})
    assert all(math.isfinite(one) and one > 0 for one in listed.prices.values())

"""Regions of AWS: where a node is, and which region answers for prices."""

from __future__ import annotations

import re

from analyzer.pricing.ec2_instances import place_of
from analyzer.pricing.path import Resource

_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-\d+")

# The Price List is served in a few regions only; each knows the prices of all regions of its partition.
_PRICE_LIST_REGIONS = (("cn-", "cn-northwest-1"), ("eu-", "eu-central-1"), ("ap-", "ap-south-1"))


def region_of(resource: Resource) -> str:
    """By its own word, its zone or its provider id; empty where none tells."""
    if resource.region:
        return resource.region
    if in_zone := _REGION.match(resource.zone):
        return in_zone[0]
    place = place_of(resource.provider_id)
    return place.region if place else ""


def price_list_region(region: str) -> str:
    """The region whose Price List endpoint is asked for the prices of `region`."""
    return next((endpoint for start, endpoint in _PRICE_LIST_REGIONS if region.startswith(start)), "us-east-1")


def currency_of(region: str) -> str:
    """What AWS bills in there."""
    return "CNY" if region.startswith("cn-") else "USD"

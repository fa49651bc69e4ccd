"""Asks EC2 what machines were bought as, by the provider ids that Kubernetes has of its nodes.

Needs `ec2:DescribeInstances`. EC2 forgets an instance about an hour after it was terminated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from analyzer.pricing import aws
from exporters.source import GpuyieldError

# What one filter may hold. Ids are given as a filter, because one unknown id in the list of ids fails the whole call.
IDS_PER_CALL = 200

_PROVIDER_ID = re.compile(r"aws:///(?P<zone>(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d+)[a-z0-9-]*)/(?P<instance>i-[0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider id says that an EC2 instance is."""

    region: str
    zone: str
    instance: str


@dataclass(frozen=True, slots=True)
class Described:
    """One instance as EC2 knows it; `launched` is unix seconds, `reservation_id` empty where it runs in none."""

    instance_type: str
    capacity_type: str
    launched: float
    reservation_id: str = ""


# Provider ids -> what EC2 says of those that it still knows.
Describe = Callable[[Sequence[str]], dict[str, Described]]


def place_of(provider_id: str) -> Place | None:
    """Region, zone and instance of `aws:///us-east-1a/i-0abc`; nothing for machines that are not of EC2."""
    match = _PROVIDER_ID.fullmatch(provider_id)
    return Place(match["region"], match["zone"], match["instance"]) if match else None


def ec2_client(region: str) -> Any:
    """boto3's EC2 client, with the credentials that boto3 finds."""
    try:
        boto3 = import_module("boto3")
    except ModuleNotFoundError:
        raise GpuyieldError("asking EC2 for instance types needs boto3: pip install 'gpuyield[aws]'") from None
    return boto3.client("ec2", region_name=region)


@dataclass(frozen=True, slots=True)
class Ec2Instances:
    """A `Describe`: one client for each region, pages of instances."""

    client: Callable[[str], Any] = ec2_client

    def __call__(self, provider_ids: Sequence[str]) -> dict[str, Described]:
        by_region: dict[str, dict[str, str]] = {}
        for provider_id in provider_ids:
            if place := place_of(provider_id):
                by_region.setdefault(place.region, {})[place.instance] = provider_id
        return {
            asked[instance]: described
            for region, asked in sorted(by_region.items())
            for instance, described in self._in_region(region, sorted(asked))
        }

    def _in_region(self, region: str, instances: list[str]) -> Iterator[tuple[str, Described]]:
        client = self.client(region)
        with aws.told("ec2:DescribeInstances", region):
            pages = client.get_paginator("describe_instances")
            for first in range(0, len(instances), IDS_PER_CALL):
                wanted = {"Name": "instance-id", "Values": instances[first : first + IDS_PER_CALL]}
                for page in pages.paginate(Filters=[wanted]):
                    for reservation in page["Reservations"]:
                        yield from ((one["InstanceId"], _described(one)) for one in reservation["Instances"])


def _described(instance: dict[str, Any]) -> Described:
    lifecycle, reservation_id = instance.get("InstanceLifecycle", ""), instance.get("CapacityReservationId", "")
    if lifecycle in ("spot", "capacity-block"):
        capacity_type = lifecycle
    else:
        capacity_type = "reserved" if reservation_id else "on-demand"
    return Described(instance["InstanceType"], capacity_type, instance["LaunchTime"].timestamp(), reservation_id)

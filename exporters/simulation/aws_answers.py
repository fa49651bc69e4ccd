"""What AWS would say of the simulated fleet: instances, spot prices, reservations, the price list and its cluster.

All follows from the nodes and the seed. Answers are dictionaries as boto3 gives them; `answering` makes a client of
boto3 give them without any network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from zlib import crc32

import numpy as np

from exporters.simulation.machines import Machine
from exporters.simulation.story import Node, identity

Answer = dict[str, Any]
Asked = Mapping[str, Any]

ACCOUNT = "123456789012"
SPOT, RESERVED, CAPACITY_BLOCK = "spot", "reserved", "capacity-block"

_PRODUCT = "Linux/UNIX"
_VERSION = "1.34"
_PAGE = 100
_DAY = 86_400.0
_INSTANCE_SECONDS = 3600.0  # EC2 forgets an instance so long after its end
_HISTORY_SECONDS = 100 * _DAY  # of spot prices: more than the 90 days that EC2 tells
_PAUSE_SECONDS = 7 * 3600.0  # between two changes of a spot price, on average
_CHEAPEST, _DEAREST = 0.2, 0.8  # of the list price
_SPARE = 1  # an instance in each reservation that nobody has launched


def reservation_id(seed: int, node: Node) -> str:
    """Of the reservation that a reserved node runs in: one for each type, zone and kind."""
    return f"cr-0{identity(seed, 'reservation', node.machine.name, node.zone, node.capacity_type)[:16]}"


@dataclass(frozen=True, slots=True)
class AwsAnswers:
    """`start` is when the story begins, `clock` what time it is; nothing later is told."""

    nodes: Sequence[Node]
    seed: int
    start: float
    clock: Callable[[], float]

    def spot_changes(self, machine: Machine, zone: str) -> list[tuple[float, float]]:
        """(from when, dollars per hour) from long before the story on, up to now; whole seconds, in order."""
        rng = np.random.default_rng((self.seed, crc32(f"{machine.name} {zone}".encode())))
        at, share, found = self.start - _HISTORY_SECONDS, rng.uniform(_CHEAPEST, _DEAREST), []
        while at <= self.clock():
            found.append((float(round(at)), round(machine.dollars_per_hour * share, 4)))
            at += 60 + rng.exponential(_PAUSE_SECONDS)
            share = min(_DEAREST, max(_CHEAPEST, share + rng.normal(0, 0.05)))
        return found

    def describe_instances(self, asked: Asked) -> Answer:
        wanted = {value for one in asked.get("Filters", ()) if one["Name"] == "instance-id" for value in one["Values"]}
        known = [node for node in self.nodes if node.created <= self.clock() < node.gone + _INSTANCE_SECONDS]
        found = [node for node in known if not wanted or _instance_id(node) in wanted]
        reservations = [{"OwnerId": ACCOUNT, "Instances": [self._instance(node)]} for node in found]
        return _paged("Reservations", reservations, asked)

    def describe_spot_price_history(self, asked: Asked) -> Answer:
        """Newest first; of each zone also the last change before the time that is asked for."""
        if _PRODUCT not in asked.get("ProductDescriptions", (_PRODUCT,)):
            return {"SpotPriceHistory": []}
        since = asked["StartTime"].timestamp()
        changes = [
            _spot_change(machine, zone, at, dollars)
            for machine in self._machines(asked.get("InstanceTypes", ()))
            for zone in self._zones()
            for at, dollars in _since(self.spot_changes(machine, zone), since)
        ]
        changes.sort(key=lambda one: (one["Timestamp"], one["AvailabilityZone"]), reverse=True)
        return _paged("SpotPriceHistory", changes, asked)

    def describe_capacity_reservations(self, asked: Asked) -> Answer:
        """One for the reserved nodes of a type in a zone, with an instance more than were ever launched."""
        ids = {reservation_id(self.seed, node): node for node in self.nodes if _is_reserved(node)}
        return _paged("CapacityReservations", [self._reservation(name, node) for name, node in ids.items()], asked)

    def get_products(self, asked: Asked) -> Answer:
        """On-demand prices; none of bare metal, and no fees of Auto Mode."""
        wanted = {one["Field"]: one["Value"] for one in asked["Filters"]}
        products = [
            json.dumps(product)
            for machine in self._machines(())
            for status in ("Used", "UnusedCapacityReservation")
            if _fits(product := _product(machine, self._zones()[0][:-1], status), wanted)
        ]
        return {"FormatVersion": "aws_v1", **_paged("PriceList", products, asked)}

    def get_caller_identity(self, asked: Asked) -> Answer:
        return {"Account": ACCOUNT, "UserId": "simulated", "Arn": f"arn:aws:iam::{ACCOUNT}:user/simulated"}

    def describe_cluster(self, asked: Asked) -> Answer:
        cluster = {"name": asked["name"], "version": _VERSION, "status": "ACTIVE"}
        return {
            "cluster": {**cluster, "computeConfig": {"enabled": False}, "upgradePolicy": {"supportType": "STANDARD"}}
        }

    def describe_cluster_versions(self, asked: Asked) -> Answer:
        ends = _time(self.start + 365 * _DAY)
        return {"clusterVersions": [{"clusterVersion": _VERSION, "endOfStandardSupportDate": ends}]}

    def _instance(self, node: Node) -> Answer:
        is_gone = self.clock() >= node.gone
        found: Answer = {
            "InstanceId": _instance_id(node),
            "InstanceType": node.machine.name,
            "LaunchTime": _time(node.created),
            "Placement": {"AvailabilityZone": node.zone},
            "PrivateDnsName": node.name,
            "PrivateIpAddress": node.address,
            "State": {"Code": 48, "Name": "terminated"} if is_gone else {"Code": 16, "Name": "running"},
        }
        if node.capacity_type in (SPOT, CAPACITY_BLOCK):
            found["InstanceLifecycle"] = node.capacity_type
        if _is_reserved(node):
            found["CapacityReservationId"] = reservation_id(self.seed, node)
        return found

    def _reservation(self, name: str, node: Node) -> Answer:
        own = [one for one in self.nodes if _is_reserved(one) and reservation_id(self.seed, one) == name]
        running = sum(one.created <= self.clock() < one.gone for one in own)
        begun = _time(min(one.created for one in own))
        return {
            "CapacityReservationId": name,
            "OwnerId": ACCOUNT,
            "InstanceType": node.machine.name,
            "AvailabilityZone": node.zone,
            "TotalInstanceCount": len(own) + _SPARE,
            "AvailableInstanceCount": len(own) + _SPARE - running,
            "State": "active",
            "StartDate": begun,
            "CreateDate": begun,
            "EndDateType": "unlimited",
            "ReservationType": "capacity-block" if node.capacity_type == CAPACITY_BLOCK else "default",
        }

    def _machines(self, names: Iterable[str]) -> list[Machine]:
        found = {node.machine.name: node.machine for node in self.nodes}
        return [machine for name, machine in sorted(found.items()) if not names or name in names]

    def _zones(self) -> list[str]:
        return sorted({node.zone for node in self.nodes})


def answering(client: Any, answers: AwsAnswers) -> Any:
    """The client of boto3, whose operations `answers` now answers; one that it has not raises AttributeError."""
    response = import_module("botocore.awsrequest").AWSResponse
    operations = {client.meta.method_to_api_mapping[name]: name for name in client.meta.method_to_api_mapping}

    def keep(params: Asked, context: Answer, **_: Any) -> None:
        context["asked"] = dict(params)

    def answer(model: Any, context: Answer, **_: Any) -> tuple[Any, Answer]:
        found: Answer = getattr(answers, operations[model.name])(context["asked"])
        return response(None, 200, {}, None), found

    client.meta.events.register("provide-client-params.*.*", keep)
    client.meta.events.register("before-call.*.*", answer)
    return client


def _paged(name: str, found: Sequence[Any], asked: Asked) -> Answer:
    start = int(asked.get("NextToken") or 0)
    end = start + int(asked.get("MaxResults") or _PAGE)
    return {name: list(found[start:end]), "NextToken": str(end) if end < len(found) else ""}


def _since(changes: Sequence[tuple[float, float]], since: float) -> Sequence[tuple[float, float]]:
    before = sum(at <= since for at, _ in changes)
    return changes[max(0, before - 1) :]


def _spot_change(machine: Machine, zone: str, at: float, dollars: float) -> Answer:
    place = {"AvailabilityZone": zone, "InstanceType": machine.name, "ProductDescription": _PRODUCT}
    return {**place, "SpotPrice": f"{dollars:.6f}", "Timestamp": _time(at)}


def _product(machine: Machine, region: str, status: str) -> Answer:
    sku = identity(0, machine.name, status)[:16].upper()
    attributes = {
        "instanceType": machine.name,
        "regionCode": region,
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "tenancy": "Shared",
        "capacitystatus": status,
        "marketoption": "OnDemand",
    }
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{machine.dollars_per_hour:.10f}"}}
    term = {"sku": sku, "offerTermCode": "JRTCKXETXF", "priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": dimension}}
    return {
        "serviceCode": "AmazonEC2",
        "product": {"productFamily": "Compute Instance", "sku": sku, "attributes": attributes},
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
    }


def _fits(product: Answer, wanted: Mapping[str, str]) -> bool:
    told = {"serviceCode": product["serviceCode"], **product["product"], **product["product"]["attributes"]}
    return all(told.get(field) == value for field, value in wanted.items())


def _is_reserved(node: Node) -> bool:
    return node.capacity_type in (RESERVED, CAPACITY_BLOCK)


def _instance_id(node: Node) -> str:
    return node.provider_id.rpartition("/")[2]


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)

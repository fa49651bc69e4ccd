"""The fleet's bill out of what AWS would say, beside a plain loop over the fleet's own truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from analyzer.pricing.book import PriceBook
from analyzer.pricing.ec2_instances import Ec2Instances, place_of
from analyzer.pricing.fees import EksFees
from analyzer.pricing.path import Resource
from analyzer.pricing.price import EFFECTIVE
from analyzer.pricing.price_list import PriceList
from analyzer.pricing.reservations import reservations, reserved
from analyzer.pricing.shelf import Shelf
from analyzer.pricing.spot_history import SpotHistory
from exporters.simulation.aws_answers import AwsAnswers, answering, reservation_id
from exporters.simulation.fleet import Fleet
from exporters.simulation.machines import P5_48XLARGE
from exporters.simulation.story import Node

boto3: Any = pytest.importorskip("boto3", reason="AWS needs the extra aws")
validate: Any = pytest.importorskip("botocore.validate")

MICRO = 1_000_000


class World:
    """The fleet with one node in a reservation, AWS as it stands at `now`, and clients that it answers."""

    def __init__(self, fleet: Fleet) -> None:
        self.start, self.end, self.now, self.seed = fleet.start, fleet.end, fleet.end, fleet.seed
        self.nodes = [_bought(node) for node in fleet.nodes]
        self.answers = AwsAnswers(self.nodes, fleet.seed, fleet.start, lambda: self.now)
        self.shelf = Shelf(asks=True, clock=lambda: self.now)

    def client(self, service: str, region: str) -> Any:
        made = boto3.client(service, region_name=region, aws_access_key_id="none", aws_secret_access_key="none")
        made.meta.events.register("after-call.*.*", _check_shape)
        return answering(made, self.answers)

    def resource(self, node: Node) -> Resource:
        """What EC2 says of the node while it runs."""
        self.now = min(node.gone, self.end) - 1
        described = Ec2Instances(lambda region: self.client("ec2", region))([node.provider_id])[node.provider_id]
        self.now = self.end
        place = place_of(node.provider_id)
        assert place is not None
        assert described.launched == node.created
        return Resource(
            provider_id=node.provider_id,
            instance_type=described.instance_type,
            capacity_type=described.capacity_type,
            region=place.region,
            zone=place.zone,
        )

    def book(self) -> PriceBook:
        return PriceBook([SpotHistory(self.shelf, self.client), PriceList(self.shelf, self.client)], EFFECTIVE)


def _bought(node: Node) -> Node:
    return replace(node, capacity_type="reserved") if node.machine is P5_48XLARGE else node


def _check_shape(model: Any, parsed: dict[str, Any], **_: Any) -> None:
    report = validate.ParamValidator().validate(parsed, model.output_shape)
    assert not report.has_errors(), report.generate_report()


@pytest.fixture
def world(fleet: Fleet) -> World:
    return World(fleet)


def plain_bill(world: World) -> float:
    """Of each node its price, times the hours for which it stood."""
    dollars = []
    for node in world.nodes:
        since, until = max(node.created, world.start), min(node.gone, world.end)
        if node.capacity_type != "spot":
            dollars.append(node.machine.dollars_per_hour * (until - since) / 3600)
            continue
        changes = world.answers.spot_changes(node.machine, node.zone)
        edges = sorted({since, until, *(at for at, _ in changes if since < at < until)})
        assert len(edges) > 3, "a price that stands still proves nothing"
        for left, right in pairwise(edges):
            price = [dollars for at, dollars in changes if at <= left][-1]
            dollars.append(price * (right - left) / 3600)
    return math.fsum(dollars)


def test_the_bill_of_the_fleet_on_effective_basis(world: World) -> None:
    book, parts = world.book(), []
    for node in world.nodes:
        start, end = (round(at * MICRO) for at in (max(node.created, world.start), min(node.gone, world.end)))
        dollars = book.path(world.resource(node), start, end).dollars(start, end)
        assert dollars is not None, node.name
        parts.append(dollars)
    assert math.fsum(parts) == pytest.approx(plain_bill(world), rel=1e-9)
    assert not book.warnings


def test_a_spot_price_is_a_staircase_for_each_zone(world: World) -> None:
    history = SpotHistory(world.shelf, world.client)
    zones: Sequence[str] = sorted({node.zone for node in world.nodes})
    node = next(node for node in world.nodes if node.capacity_type == "spot")
    paths = {zone: world.answers.spot_changes(node.machine, zone) for zone in zones}
    kept = history.kept("us-east-1", node.machine.name).value.zones
    for zone, changes in paths.items():
        newest = [(round(at * MICRO), dollars) for at, dollars in changes][-len(kept[zone]) :]
        assert [(at, dollars) for at, dollars in kept[zone]] == newest
        assert kept[zone][0][0] <= (world.now - 90 * 86_400) * MICRO < kept[zone][1][0], "the price then is told too"
    assert len({tuple(path) for path in paths.values()}) == len(zones) > 1
    assert min(len(changes) for changes in kept.values()) > 100  # more than one page


def test_a_reservation_holds_its_nodes_and_one_instance_more(world: World) -> None:
    node = next(node for node in world.nodes if node.capacity_type == "reserved")
    (account,) = (kept.value for kept in reserved(world.shelf, "us-east-1", world.client))
    book = world.book()
    start, end = round(world.start * MICRO), round(world.end * MICRO)
    (found,) = reservations([account], None, EFFECTIVE, lambda resource: book.path(resource, start, end))
    assert (found.id, found.count, found.unused) == (reservation_id(world.seed, node), 2, 1)
    assert found.price is not None
    assert found.price.dollars_per_hour == node.machine.dollars_per_hour


def test_ec2_forgets_an_instance_an_hour_after_its_end(world: World) -> None:
    node = next(node for node in world.nodes if node.gone < world.end)
    ask = Ec2Instances(lambda region: world.client("ec2", region))
    for later, is_known in ((-1, True), (3599, True), (3601, False)):
        world.now = node.gone + later
        assert bool(ask([node.provider_id])) is is_known
    world.now = node.created - 1
    assert not ask([node.provider_id])


def test_the_control_plane_has_its_fee(world: World) -> None:
    (fee,) = EksFees(world.shelf, world.client).of("us-east-1", "demo")
    assert fee.path.dollars(0, 3600 * MICRO) == pytest.approx(0.10)


def test_what_is_not_known_of_aws_is_no_answer(world: World) -> None:
    with pytest.raises(AttributeError, match="describe_volumes"):
        world.client("ec2", "us-east-1").describe_volumes()

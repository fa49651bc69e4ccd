"""What a running cluster costs is told without waiting, with its age, and never as 0."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from threading import Event
from typing import Any

import msgspec
import pytest

from analyzer.pricing.book import Answer, Fee, PriceBook, Reservation
from analyzer.pricing.live import Book, LivePrices
from analyzer.pricing.live_sources import PriceRoster
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import PricePath, Resource, Step, constant
from analyzer.pricing.price import EFFECTIVE, Price
from exporters.canonical import prices
from exporters.cluster.node_life import keep_node
from exporters.cluster.objects import Node
from exporters.metric import Metric, Sample
from exporters.source import GpuyieldError, SourceAbsent, SourceFailed

PATIENCE_SECONDS = 20.0
TYPE, CAPACITY = "node.kubernetes.io/instance-type", "karpenter.sh/capacity-type"
RESERVATION, COMPUTE = "karpenter.k8s.aws/capacity-reservation-id", "eks.amazonaws.com/compute-type"
NOW = 1_795_500_000.0  # 2026-11-24
DAY = date(2026, 11, 22)


def node(name: str, instance_type: str, **labels: str) -> Node:
    more = {CAPACITY: labels.get("capacity", ""), RESERVATION: labels.get("reservation", "")}
    own = {TYPE: instance_type, COMPUTE: labels.get("compute", ""), **more}
    raw = {"metadata": {"name": name, "uid": name, "labels": own}, "spec": {"providerID": f"aws:///us-east-1a/{name}"}}
    return keep_node(msgspec.convert(raw, Node))


def price(dollars: float, name: str = "p5.48xlarge", source: str = "card") -> Price:
    return Price(dollars, EFFECTIVE, source, DAY, name)


class Card:
    """Prices by instance type."""

    name = "card"

    def __init__(self, **dollars: float) -> None:
        self.dollars = {name.replace("_", "."): one for name, one in dollars.items()}

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        dollars = self.dollars.get(resource.instance_type)
        return Answer(self.name, constant(price(dollars, resource.instance_type))) if dollars else None


class World:
    """A cluster, its book, and the sources that tell of them."""

    def __init__(self, book: Callable[[], Book], *nodes: Node) -> None:
        self.nodes = {one.metadata.uid: one for one in nodes}
        self.live = LivePrices(book, lambda: dict(self.nodes), look_seconds=0.01)
        self.roster = PriceRoster(self.live, lambda: NOW)
        self.sources: Mapping[str, Any] = self.roster.sources()

    def read(self, name: str) -> list[Sample]:
        """Once there is a book."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return list(self.sources[f"prices/{name}"].read())
            except SourceFailed as failed:
                if "for the first time" not in str(failed) or time.monotonic() > until:
                    raise
            time.sleep(0.01)

    def told(self, name: str, metric: Metric, label: str) -> dict[str, float]:
        return {dict(one.labels)[label]: one.value for one in self.read(name) if one.metric is metric}

    def wait(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert time.monotonic() < until
            time.sleep(0.01)


def book(*reservations: Reservation, fees: tuple[Fee, ...] = (), **dollars: float) -> Book:
    return Book(PriceBook([Card(**dollars)], EFFECTIVE, reservations, fees))


def test_a_node_with_a_price_has_it_with_its_source_and_age() -> None:
    world = World(lambda: book(p5_48xlarge=31.2), node("a", "p5.48xlarge"), node("b", "unheard.of"))
    told = world.read("nodes")
    assert {(one.metric.name, one.labels) for one in told} == {
        ("node_price_dollars_per_hour", (("basis", EFFECTIVE), ("node", "a"), ("source", "card"))),
        ("node_price_age_seconds", (("node", "a"),)),
    }
    assert {one.value for one in told} == {31.2, NOW - 1_795_305_600.0}
    assert {one.at for one in told} == {NOW}


def test_a_node_that_comes_or_changes_is_priced_anew_and_one_that_goes_is_told_of_no_more() -> None:
    world = World(lambda: book(g6_xlarge=1.0, g5_xlarge=2.0), node("a", "g6.xlarge"))
    metric = prices.node_price_dollars_per_hour
    assert world.told("nodes", metric, "node") == {"a": 1.0}
    world.nodes |= {"a": node("a", "g5.xlarge"), "b": node("b", "g6.xlarge")}
    world.wait(lambda: world.told("nodes", metric, "node") == {"a": 2.0, "b": 1.0})
    del world.nodes["a"]
    assert world.told("nodes", metric, "node") == {"b": 1.0}
    world.roster.close()


def test_the_packaged_table_is_the_last_resort_and_its_age_shows() -> None:
    world = World(lambda: Book(PriceBook([PackagedTable()])), node("a", "p5.48xlarge", capacity="spot"))
    assert world.told("nodes", prices.node_price_dollars_per_hour, "basis") == {"list": 55.04}
    assert world.told("nodes", prices.node_price_age_seconds, "node")["a"] > 100 * 86_400


def test_a_price_that_ends_ends_its_series() -> None:
    over = round(NOW * 1e6) - 1

    class Ending(Card):
        def path(self, resource: Resource, start: int, end: int) -> Answer | None:
            return Answer(self.name, PricePath((Step(0, price(3.0)), Step(over, None))))

    world = World(lambda: Book(PriceBook([Ending()], EFFECTIVE)), node("a", "p5.48xlarge"))
    assert world.read("nodes") == []


def test_nobody_waits_for_a_price_service_that_hangs() -> None:
    release = Event()

    def slow() -> Book:
        release.wait(PATIENCE_SECONDS)
        return book(g6_xlarge=1.0)

    world = World(slow, node("a", "g6.xlarge"))
    with pytest.raises(SourceFailed, match="for the first time"):
        world.sources["prices/nodes"].read()
    release.set()
    assert world.read("nodes") != []


def test_a_book_that_cannot_be_made_says_why_and_costs_no_other_samples() -> None:
    def wrong() -> Book:
        raise GpuyieldError("rates.yaml is not YAML (line 3)")

    world = World(wrong, node("a", "g6.xlarge"))
    with pytest.raises(SourceFailed, match="line 3"):
        world.read("nodes")


BLOCK = Reservation("cr-1", "capacity-block", "p5.48xlarge", 3, 0, price=price(40.0), zone="us-east-1a")


def test_a_reservation_costs_all_its_instances_and_says_which_are_unused() -> None:
    inside = node("a", "p5.48xlarge", reservation="cr-1", capacity="reserved")
    world = World(lambda: book(BLOCK), inside)
    assert world.told("reservations", prices.reservation_dollars_per_hour, "reservation") == {"cr-1": 120.0}
    assert world.told("reservations", prices.reservation_accelerators, "state") == {"used": 8.0, "unused": 16.0}


def test_what_ec2_says_of_its_use_goes_first() -> None:
    world = World(lambda: book(replace(BLOCK, unused=1)))
    assert world.told("reservations", prices.reservation_accelerators, "state") == {"used": 16.0, "unused": 8.0}


def test_a_reservation_without_a_price_has_accelerators_and_no_dollars() -> None:
    over = replace(BLOCK, id="cr-over", end=round(NOW * 1e6))
    world = World(lambda: book(replace(BLOCK, price=None), over))
    assert {dict(one.labels)["reservation"] for one in world.read("reservations")} == {"cr-1"}
    assert world.told("reservations", prices.reservation_dollars_per_hour, "reservation") == {}


def test_fees_are_those_of_the_cluster_and_of_its_auto_mode_nodes() -> None:
    auto = Fee("EKS Auto Mode", "prod", constant(price(0.5)), "g6.xlarge")
    world = World(
        lambda: book(fees=(Fee("EKS control plane", "prod", constant(price(0.1))), auto)),
        node("a", "g6.xlarge", compute="auto"),
        node("b", "g6.xlarge", compute="auto"),
        node("c", "g6.xlarge"),
    )
    told = world.told("fees", prices.cluster_fee_dollars_per_hour, "fee")
    assert told == {"EKS control plane": 0.1, "EKS Auto Mode": 1.0}


def test_what_nobody_gave_is_absent_and_what_aws_refuses_has_failed() -> None:
    world = World(lambda: book())
    for name in ("reservations", "fees"):
        with pytest.raises(SourceAbsent, match="--ask-aws"):
            world.read(name)
    refused = World(lambda: replace(book(), reservation_troubles=("not allowed",), fee_troubles=("too many requests",)))
    assert refused.read("nodes") == []
    for name, says in (("reservations", "not allowed"), ("fees", "too many requests")):
        with pytest.raises(SourceFailed, match=says):
            refused.read(name)

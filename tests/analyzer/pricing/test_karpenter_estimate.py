"""Karpenter's estimates are prices only where they are known to be prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.pricing.book import PriceBook
from analyzer.pricing.karpenter_estimate import KarpenterEstimates, karpenter_estimates
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import PricePath, Resource
from analyzer.pricing.price import EFFECTIVE, LIST
from analyzer.window import Window
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.pricing.conftest import HOUR

NAME = "karpenter_cloudprovider_instance_type_offering_price_estimate"
FROM, TO = round(START * 1e6), round((START + 7200) * 1e6)
ON_DEMAND = 55.04


class World:
    """A scene with the estimates of one instance type."""

    def __init__(self) -> None:
        self.scene = Scene()

    def says(
        self, capacity_type: str, *spans: tuple[float, float, float], zone: str = "us-east-1a", **more: str
    ) -> World:
        """(from, to, dollars) in seconds of the scene."""
        points = [point for start, end, dollars in spans for point in every(START + start, START + end, 60, dollars)]
        labels = {"instance_type": "p5.48xlarge", "capacity_type": capacity_type, "zone": zone, **more}
        self.scene.add(NAME, points, **labels)
        return self

    def estimates(self, folder: Path) -> KarpenterEstimates:
        return karpenter_estimates(self.scene.store(folder / "store"), Window(FROM, TO))


def _node(capacity_type: str, zone: str = "us-east-1a", cluster: str = "") -> Resource:
    return Resource(
        cluster, "n", instance_type="p5.48xlarge", capacity_type=capacity_type, region="us-east-1", zone=zone
    )


def _path(estimates: KarpenterEstimates, node: Resource) -> PricePath:
    answer = estimates.path(node, FROM, TO)
    assert answer is not None
    assert answer.path is not None, answer.refused
    return answer.path


def _refusal(estimates: KarpenterEstimates, node: Resource) -> str:
    answer = estimates.path(node, FROM, TO)
    assert answer is not None
    assert answer.path is None
    return answer.refused


def test_a_change_of_price_is_a_step_at_its_sample(tmp_path: Path) -> None:
    world = World().says("spot", (0, 3540, 20.0), (3600, 7200, 14.0)).says("on-demand", (0, 7200, ON_DEMAND))
    path = _path(world.estimates(tmp_path), _node("spot"))
    assert len(path.steps) == 2
    assert path.dollars(FROM, TO) == 20.0 + 14.0
    assert {price.basis for price in path.prices()} == {EFFECTIVE}


@pytest.mark.parametrize("dollars", [ON_DEMAND / 10_000_000, 0.0])
@pytest.mark.parametrize("capacity_type", ["reserved", "capacity-block"])
def test_reserved_capacity_is_never_priced_by_it(tmp_path: Path, dollars: float, capacity_type: str) -> None:
    world = World().says("reserved", (0, 7200, dollars)).says("on-demand", (0, 7200, ON_DEMAND))
    estimates = world.estimates(tmp_path)
    assert "ten-millionth" in _refusal(estimates, _node(capacity_type))
    book = PriceBook([estimates, PackagedTable()], EFFECTIVE)
    found = book.path(_node("reserved"), FROM, TO)
    assert found.dollars(FROM, FROM + HOUR) == ON_DEMAND
    assert [price.source for price in found.prices()] == ["packaged table of on-demand prices"]


def test_zero_stands_for_unknown(tmp_path: Path) -> None:
    estimates = World().says("on-demand", (0, 7200, 0.0)).says("spot", (0, 7200, 0.0)).estimates(tmp_path)
    for capacity_type in ("on-demand", "spot"):
        assert "stands for unknown" in _refusal(estimates, _node(capacity_type))


def test_spot_that_equals_on_demand_is_a_stand_in(tmp_path: Path) -> None:
    world = World().says("spot", (0, 7200, ON_DEMAND)).says("on-demand", (0, 7200, ON_DEMAND))
    assert "spot equals on-demand" in _refusal(world.estimates(tmp_path), _node("spot"))


def test_until_spot_was_read_it_is_unknown_and_then_known(tmp_path: Path) -> None:
    world = World().says("spot", (0, 3540, ON_DEMAND), (3600, 7200, 14.0)).says("on-demand", (0, 7200, ON_DEMAND))
    path = _path(world.estimates(tmp_path), _node("spot"))
    assert path.at(FROM) is None
    assert path.dollars(FROM + HOUR, TO) == 14.0


def test_on_the_list_basis_a_spot_node_costs_the_on_demand_estimate(tmp_path: Path) -> None:
    world = World().says("spot", (0, 7200, 14.0)).says("on-demand", (0, 7200, 54.0))
    book = PriceBook([world.estimates(tmp_path), PackagedTable()], LIST)
    assert book.path(_node("spot"), FROM, TO).dollars(FROM, TO) == 108.0


def test_zone_and_cluster_choose_the_offering(tmp_path: Path) -> None:
    world = World()
    world.says("spot", (0, 7200, 14.0), cluster="a").says("spot", (0, 7200, 15.0), cluster="b")
    world.says("spot", (0, 7200, 16.0), zone="us-east-1b", cluster="a")
    world.says("on-demand", (0, 7200, ON_DEMAND), cluster="a")
    estimates = world.estimates(tmp_path)
    found = {
        (zone, cluster): _path(estimates, _node("spot", zone, cluster)).dollars(FROM, FROM + HOUR)
        for zone, cluster in (("us-east-1a", "a"), ("us-east-1a", "b"), ("us-east-1b", "a"))
    }
    assert list(found.values()) == [14.0, 15.0, 16.0]
    assert estimates.path(_node("spot", "us-east-1c", "a"), FROM, TO) is None
    assert estimates.path(_node("spot", "us-east-1a", "c"), FROM, TO) is None
    assert _path(estimates, _node("on-demand", "us-east-1c", "a")).dollars(FROM, FROM + HOUR) == ON_DEMAND


def test_series_without_a_cluster_speak_for_the_cluster_that_the_node_has(tmp_path: Path) -> None:
    estimates = World().says("spot", (0, 7200, 14.0)).estimates(tmp_path)
    assert _path(estimates, _node("spot", cluster="prod")).dollars(FROM, FROM + HOUR) == 14.0


def test_a_store_without_karpenter_says_nothing(tmp_path: Path) -> None:
    store = Scene().node("n", every(START, START + 600, 60), "p5.48xlarge", 8).store(tmp_path / "store")
    assert karpenter_estimates(store, Window(FROM, TO)).path(_node("on-demand"), FROM, TO) is None


def test_types_without_accelerators_are_not_read(tmp_path: Path) -> None:
    world = World()
    accelerated = ["g5.xlarge", "gr6f.4xlarge", "p6-b200.48xlarge", "trn2.48xlarge", "inf2.xlarge", "dl1.24xlarge"]
    others = ["c5.large", "m7g.xlarge", "i4g.large", "im4gn.large"]
    for name in (*accelerated, *others):
        labels = {"instance_type": name, "capacity_type": "on-demand", "zone": "us-east-1a"}
        world.scene.add(NAME, every(START, START + 600, 60, 1.5), **labels)
    estimates = world.estimates(tmp_path)
    resources = {name: Resource(instance_type=name, capacity_type="on-demand") for name in (*accelerated, *others)}
    assert [name for name, one in resources.items() if estimates.path(one, FROM, TO)] == accelerated

"""What the kubelet of a simulated node says of its devices."""

from __future__ import annotations

from exporters.simulation.fleet import Fleet
from exporters.simulation.kubelet import Holding
from exporters.simulation.placement import holdings, offered_ids
from exporters.simulation.story import Node

_DAY = 86_400.0


def _node(fleet: Fleet, address: str) -> Node:
    return next(node for node in fleet.nodes if node.address == address)


def _held(fleet: Fleet, address: str, day: float) -> list[Holding]:
    pods = [pod for pod in fleet.pods if pod.node == _node(fleet, address).name]
    return holdings(_node(fleet, address), pods, fleet.start + day * _DAY)


def test_whole_cards_have_the_drivers_names(fleet: Fleet) -> None:
    node = _node(fleet, "10.0.1.11")
    assert offered_ids(node, fleet.start) == {"nvidia.com/gpu": list(node.uuids)}
    assert sorted(one for held in _held(fleet, "10.0.1.11", 1) for one in held.device_ids) == sorted(node.uuids)


def test_replicas_are_numbered(fleet: Fleet) -> None:
    uuid = _node(fleet, "10.0.1.17").uuids[0]
    assert [held.device_ids for held in _held(fleet, "10.0.1.17", 2)] == [(f"{uuid}::{n}",) for n in range(3)]
    assert len(offered_ids(_node(fleet, "10.0.1.17"), fleet.start)["nvidia.com/gpu"]) == 4


def test_mig_instances_have_names_and_resources_of_their_own(fleet: Fleet) -> None:
    offered = offered_ids(_node(fleet, "10.0.1.18"), fleet.start)
    assert offered.keys() == {"nvidia.com/mig-2g.48gb", "nvidia.com/mig-1g.24gb"}
    held = _held(fleet, "10.0.1.18", 1)
    assert {one.resource: list(one.device_ids) for one in held} == offered
    assert all(one.startswith("MIG-") for ids in offered.values() for one in ids)


def test_a_lost_card_is_not_offered_but_still_held(fleet: Fleet) -> None:
    node = _node(fleet, "10.0.1.15")
    at = node.faults[0].span.start + 60
    lost = node.uuids[node.faults[0].device]
    assert lost not in offered_ids(node, at)["nvidia.com/gpu"]
    assert any(lost in held.device_ids for held in _held(fleet, "10.0.1.15", (at - fleet.start) / _DAY))


def test_a_pod_that_is_done_holds_nothing(fleet: Fleet) -> None:
    assert _held(fleet, "10.0.1.12", 3)
    assert not _held(fleet, "10.0.1.12", 3.5)

"""The true states cover every device and say what the story says."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

import pytest

from exporters.simulation.fleet import Fleet
from exporters.simulation.truth import TruthSpell

STATES = {
    "node-starting",
    "node-draining",
    "node-unhealthy",
    "free",
    "free-fragmented",
    "held-starting",
    "held-failed",
    "held-idle",
    "active",
    "unknown",
}


def _by_device(spells: list[TruthSpell]) -> dict[tuple[str, str], list[TruthSpell]]:
    found: dict[tuple[str, str], list[TruthSpell]] = defaultdict(list)
    for spell in spells:
        found[spell.node, spell.device].append(spell)
    return found


def _at(fleet: Fleet, node: str, day: float, hour: float) -> list[TruthSpell]:
    at = fleet.start + day * 86400 + hour * 3600
    return [spell for spell in fleet.truth if node in spell.node and spell.start <= at < spell.end]


def test_states_are_disjoint_and_cover_each_lifetime_exactly(fleet: Fleet) -> None:
    lives = {node.name: (max(node.created, fleet.start), min(node.gone, fleet.end)) for node in fleet.nodes}
    for (node, _), spells in _by_device(fleet.truth).items():
        assert (spells[0].start, spells[-1].end) == lives[node]
        assert all(a.end == b.start for a, b in pairwise(spells))
        assert all(spell.start < spell.end for spell in spells)


def test_shares_of_a_device_sum_to_one(fleet: Fleet) -> None:
    shares: dict[str, float] = defaultdict(float)
    for (_, device), spells in _by_device(fleet.truth).items():
        shares[device[:40]] += spells[0].share
        assert len({spell.share for spell in spells}) == 1
    assert set(shares.values()) == {1.0}
    assert len(shares) == sum(node.machine.cards for node in fleet.nodes)


def test_dollars_are_the_bill(fleet: Fleet) -> None:
    bill = sum(
        node.machine.dollars_per_hour * (min(node.gone, fleet.end) - max(node.created, fleet.start)) / 3600
        for node in fleet.nodes
        if node.machine.cards
    )
    assert math.fsum(spell.dollars for spell in fleet.truth) == pytest.approx(bill, rel=1e-12)


def test_every_state_occurs_and_no_other(fleet: Fleet) -> None:
    assert {spell.state for spell in fleet.truth} == STATES


def test_a_lost_card_takes_its_pod_but_not_its_neighbours(fleet: Fleet) -> None:
    gpu0, gpu1, gpu2, gpu3 = _at(fleet, "10-0-1-15", 2, 20.02)
    assert (gpu0.state, gpu1.state, gpu3.state) == ("held-failed", "node-unhealthy", "free")
    assert gpu2.state in {"active", "held-idle"}
    assert gpu1.workload == "summarizer"


def test_a_cordoned_node_at_work_is_active(fleet: Fleet) -> None:
    states = [spell.state for spell in _at(fleet, "10-0-1-16", 4, 13.6)]
    assert states == ["active", "active", "node-draining", "node-draining"]


def test_a_finished_job_holds_nothing(fleet: Fleet) -> None:
    assert {(spell.state, spell.pod) for spell in _at(fleet, "10-0-1-12", 3, 10)} == {("free", "")}


def test_slices_without_a_holder_are_fragments(fleet: Fleet) -> None:
    states = {spell.device[40:]: spell.state for spell in _at(fleet, "10-0-1-18", 5, 0)}
    assert states["/gi5"] == states["/spare"] == "free-fragmented"


def test_replicas_without_a_holder_are_free(fleet: Fleet) -> None:
    assert [spell.state for spell in _at(fleet, "10-0-1-17", 5, 12)] == ["free"] * 4


def test_work_without_any_signal_is_unknown(fleet: Fleet) -> None:
    assert [spell.state for spell in _at(fleet, "10-0-1-20", 1, 10)] == ["unknown"]

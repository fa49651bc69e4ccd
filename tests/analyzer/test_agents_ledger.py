"""The same six hours told by DCGM exporters and by our own agents: one ledger, and the truth."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from analyzer.ledger.ledger import Ledger
from analyzer.stores.parquet import ParquetStore
from exporters.simulation.feed import scrape_into
from exporters.simulation.fleet import Fleet, demo_fleet
from exporters.store.layout import create_store
from tests.analyzer.conftest import by, grown, ledger_of, rows_of

# Day 2 from 14:00: a server killed under load, a card that falls off the bus, MIG, time slicing, a spot node.
_AFTER_DAYS, _DAYS = 2 + 14 / 24, 6 / 24


@dataclass(frozen=True, slots=True)
class _Told:
    fleet: Fleet
    ledger: Ledger


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[bool, _Told]:
    """By whether agents tell of the devices."""
    found = {}
    for has_agents in (False, True):
        fleet = demo_fleet(after_days=_AFTER_DAYS, days=_DAYS, has_agents=has_agents)
        store = tmp_path_factory.mktemp("told") / "store"
        create_store(store)
        scrape_into(store, fleet.targets, fleet.start, fleet.end)
        found[has_agents] = _Told(fleet, ledger_of(ParquetStore(store), fleet.start, fleet.end))
    return found


def _coarse(state: str) -> str:
    return state.partition("-")[0] if state.startswith(("active", "free")) else state


def _states(dollars: Mapping[str, float]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for state, amount in dollars.items():
        found[_coarse(state)] += amount
    return found


def test_the_states_are_the_same_and_near_the_truth(told: Mapping[bool, _Told]) -> None:
    dcgm, own = (_states(by(told[has_agents].ledger, "state", "dollars")) for has_agents in (False, True))
    true: dict[str, float] = defaultdict(float)
    for spell in told[True].fleet.truth:
        true[_coarse(spell.state)] += spell.dollars
    bill = math.fsum(true.values())
    print("state, % of the bill: truth, DCGM, agents")
    for state in sorted({*dcgm, *own, *true}):
        print(f"  {state:16}" + "".join(f"{100 * side[state] / bill:9.3f}" for side in (true, dcgm, own)))
        assert abs(own[state] - dcgm[state]) <= 1e-3 * bill, state
        assert abs(own[state] - true[state]) <= 1.5e-2 * bill, state
    assert math.fsum(own.values()) == pytest.approx(math.fsum(dcgm.values()), rel=1e-9)


def test_tokens_are_the_same(told: Mapping[bool, _Told]) -> None:
    for table in ("generation", "prompt"):
        assert grown(told[True].ledger, table) == grown(told[False].ledger, table) > 0


def test_every_second_of_every_device_has_the_same_state(told: Mapping[bool, _Told]) -> None:
    """Not only in sum: no device's seconds are told of another, though a loss renumbers those after it."""
    by_device: dict[bool, dict[tuple[str, ...], float]] = {}
    for has_agents, one in told.items():
        seconds: dict[tuple[str, ...], float] = defaultdict(float)
        for row in rows_of(one.ledger):
            seconds[row["node"], row["device"], row["pod"], _coarse(row["state"])] += row["seconds"]
        by_device[has_agents] = seconds
    for key in {*by_device[False], *by_device[True]}:
        assert abs(by_device[True].get(key, 0) - by_device[False].get(key, 0)) <= 0.03 * _DAYS * 86400, key


def test_every_device_is_joined_and_named(told: Mapping[bool, _Told]) -> None:
    def devices(one: _Told) -> set[tuple[str, str]]:
        return {(row["node"], row["device"]) for row in rows_of(one.ledger)}

    assert devices(told[True]) == devices(told[False])
    assert {device for _, device in devices(told[True])} >= {
        uuid for node in told[True].fleet.nodes for uuid in node.uuids if not node.mig and node.replicas == 1
    }

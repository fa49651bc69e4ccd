"""The driver of a simulated node tells what the DCGM page of the node tells."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from exporters.pages.parser import PageParser
from exporters.simulation.cards import COLLECTION_SECONDS, CardPage
from exporters.simulation.fleet import Fleet, demo_fleet
from exporters.simulation.node_agent import AgentPage
from exporters.simulation.steps import Steps

_AFTERNOON = 2 + 14 / 24  # day 2, 14:00: a card is lost at 16:40, a MIG instance works until 16:20
Rows = Mapping[tuple[str, str, str], float]  # metric, uuid, MIG instance


@pytest.fixture(scope="module")
def afternoon() -> Fleet:
    return demo_fleet(after_days=_AFTERNOON, days=4 / 24, has_agents=True)


def _page(fleet: Fleet, address: str) -> AgentPage:
    pages = {dict(target.labels)["instance"]: target.page for target in fleet.targets}
    page = pages[f"{address}:19400"]
    assert isinstance(page, AgentPage)
    return page


def _rows(page: AgentPage | CardPage, at: float) -> Rows:
    body = next(iter(page.texts(np.array([at]))))
    parsed = PageParser().parse(body, at)
    assert not parsed.notes
    found = {}
    for series, value in zip(parsed.series, parsed.values, strict=True):
        labels = dict(series.labels)
        device = labels.get("uuid", labels.get("UUID", ""))
        found[
            series.name.removeprefix("gpuyield_accelerator_"), device, labels.get("mig", labels.get("GPU_I_ID", ""))
        ] = value
    return found


def _still(page: CardPage, at: float) -> bool:
    """Whether nothing changed within the averages that are compared."""
    edges = np.array([at - COLLECTION_SECONDS - page.phase - 60, at])
    return all(_is_constant(row.activity, edges) and _is_constant(row.used_mib, edges) for row in page.rows)


def _is_constant(steps: Steps, edges: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    first, last = np.searchsorted(steps.times, edges)
    return bool(first == last)


@pytest.mark.parametrize("address", ["10.0.1.11", "10.0.1.17", "10.0.1.18", "10.0.1.20"])
def test_the_agent_tells_what_dcgm_tells(afternoon: Fleet, address: str) -> None:
    page = _page(afternoon, address)
    at = next(at for at in np.arange(afternoon.start + 300, afternoon.end, 30.0) if _still(page.cards, at))
    dcgm, own = _rows(page.cards, at), _rows(page, at)
    pairs = (
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "compute_active_ratio", 1.0),
        ("DCGM_FI_PROF_DRAM_ACTIVE", "memory_active_ratio", 1.0),
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "busy_ratio", 1.0),
        ("DCGM_FI_DEV_FB_USED", "memory_used_bytes", 1.0 / 2**20),
    )
    compared = 0
    for theirs, ours, scale in pairs:
        for (name, uuid, mig), value in dcgm.items():
            if name == theirs and (ours, uuid, mig) in own:
                assert own[ours, uuid, mig] * scale == pytest.approx(value, rel=0.25, abs=0.011)
                compared += 1
    assert compared >= 2 * len(page.cards.rows)


def test_ratios_of_parts_are_told_from_hopper_on(afternoon: Fleet) -> None:
    for address, is_new in (("10.0.1.11", True), ("10.0.1.18", True), ("10.0.1.12", False), ("10.0.1.17", False)):
        own = _rows(_page(afternoon, address), afternoon.start + 600)
        assert any(name == "compute_active_ratio" for name, _, _ in own) is is_new


def test_energy_of_a_minute_is_that_of_the_dcgm_page(afternoon: Fleet) -> None:
    page = _page(afternoon, "10.0.1.12")
    times = np.array([afternoon.start + 600, afternoon.start + 1800])
    ours = [_rows(page, at)["energy_joules_total", page.cards.node.uuids[0], ""] for at in times]
    theirs = [
        _rows(page.cards, at)["DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", page.cards.node.uuids[0], ""] for at in times
    ]
    assert math.isclose(ours[1] - ours[0], (theirs[1] - theirs[0]) / 1000, rel_tol=0.05)


def test_a_lost_card_is_told_of_and_its_fault_counted(afternoon: Fleet) -> None:
    page = _page(afternoon, "10.0.1.15")
    lost = page.cards.node.faults[0]
    times = np.arange(lost.span.start - 120, lost.span.start + 1200, 30.0)
    pages = [PageParser().parse(body, 0.0) for body in page.texts(times)]
    uuid = page.cards.node.uuids[lost.device]

    def told(name: str, number: int) -> list[float]:
        one = pages[number]
        return [
            value
            for series, value in zip(one.series, one.values, strict=True)
            if series.name == f"gpuyield_accelerator_{name}" and dict(series.labels).get("uuid") == uuid
        ]

    assert (told("up", 0), told("up", -1)) == ([1], [0])
    assert (told("healthy", 0), told("healthy", -1)) == ([1], [0])
    assert (told("faults_total", 0), told("faults_total", -1)) == ([], [1])
    assert told("power_watts", 0)
    assert not told("power_watts", -1)
    assert told("allocation", -1) == [1]  # the kubelet still lists who holds it


def test_the_same_time_is_told_the_same(afternoon: Fleet) -> None:
    page = _page(afternoon, "10.0.1.18")
    times = afternoon.start + np.array([600.0, 660.0])
    assert list(page.texts(times)) == list(page.texts(times))

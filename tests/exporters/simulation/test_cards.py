"""Pages of DCGM exporters: whole, cut, shared and lost cards."""

from __future__ import annotations

import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from exporters.simulation.cards import COLLECTION_SECONDS, CardPage
from exporters.simulation.fleet import Fleet
from exporters.simulation.target import Target

Row = tuple[str, dict[str, str], float]


def _exporter(fleet: Fleet, address: str) -> Target:
    return next(target for target in fleet.targets if dict(target.labels)["instance"] == f"{address}:9400")


def _rows(fleet: Fleet, address: str, day: float, hour: float = 0) -> list[Row]:
    since = fleet.start + day * 86400 + hour * 3600
    page = next(page for _, page in _exporter(fleet, address).pages(since, since + 600) if page)
    families = text_string_to_metric_families(page.decode())
    return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]


def test_each_card_has_all_families(fleet: Fleet) -> None:
    rows = _rows(fleet, "10.0.1.11", 0)
    assert len(rows) == 8 * 9
    assert {labels["gpu"] for _, labels, _ in rows} == set("01234567")
    used = {labels["gpu"]: value for name, labels, value in rows if name == "DCGM_FI_DEV_FB_USED"}
    free = {labels["gpu"]: value for name, labels, value in rows if name == "DCGM_FI_DEV_FB_FREE"}
    assert all(used[gpu] + free[gpu] == 81559 for gpu in used)


def test_mig_rows_are_instances_and_have_no_utilization(fleet: Fleet) -> None:
    rows = _rows(fleet, "10.0.1.18", 0)
    assert {labels["GPU_I_PROFILE"] for _, labels, _ in rows} == {"2g.48gb", "1g.24gb"}
    assert "DCGM_FI_DEV_GPU_UTIL" not in {name for name, _, _ in rows}
    power = {value for name, _, value in rows if name == "DCGM_FI_DEV_POWER_USAGE"}
    assert max(power) < 1.4 * min(power)  # that of the whole card, on every row


def test_a_shared_card_is_repeated_for_each_holder(fleet: Fleet) -> None:
    rows = [labels for name, labels, _ in _rows(fleet, "10.0.1.17", 2) if name == "DCGM_FI_DEV_GPU_UTIL"]
    assert [labels["vgpu"] for labels in rows] == ["0", "1", "2"]
    assert len({labels["UUID"] for labels in rows}) == 1
    alone = [labels for name, labels, _ in _rows(fleet, "10.0.1.17", 5.5) if name == "DCGM_FI_DEV_GPU_UTIL"]
    assert len(alone) == 1
    assert "pod" not in alone[0]


def test_a_lost_card_shows_its_xid_until_the_reboot(fleet: Fleet) -> None:
    lost = [(name, value) for name, labels, value in _rows(fleet, "10.0.1.15", 2, 20) if labels["gpu"] == "1"]
    assert lost == [("DCGM_FI_DEV_XID_ERRORS", 79)]
    back = {name: value for name, labels, value in _rows(fleet, "10.0.1.15", 3, 10) if labels["gpu"] == "1"}
    assert back["DCGM_FI_DEV_XID_ERRORS"] == 0
    assert len(back) == 9


def test_energy_begins_anew_with_the_driver(fleet: Fleet) -> None:
    joules = [
        value
        for hour in (8, 10)
        for name, labels, value in _rows(fleet, "10.0.1.15", 3, hour)
        if name.startswith("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION") and labels["gpu"] == "3"
    ]
    assert joules[1] < joules[0] / 100


def test_the_page_shows_the_last_finished_collection(morning: Fleet) -> None:
    """Two scrapes within one collection of 30 seconds are alike."""
    target = _exporter(morning, "10.0.1.11")
    page = target.page
    assert isinstance(page, CardPage)
    collected = (morning.start + 600 - page.phase) // COLLECTION_SECONDS * COLLECTION_SECONDS + page.phase
    first, second, third = page.texts(collected + np.array([0.1, 29.9, 30.1]))
    assert first == second != third


def test_an_exporter_that_is_down_does_not_answer(fleet: Fleet) -> None:
    since = fleet.start + 86400 + 7 * 3600
    assert {page for _, page in _exporter(fleet, "10.0.1.20").pages(since, since + 3600)} == {None}


def test_an_idle_server_keeps_its_card_a_little_busy(fleet: Fleet) -> None:
    """CUDA polls; a reader must not take that for work."""
    activity = [value for name, _, value in _rows(fleet, "10.0.1.11", 3, 3.15) if name.endswith("GR_ENGINE_ACTIVE")]
    assert all(0.01 < value < 0.03 for value in activity[:4])

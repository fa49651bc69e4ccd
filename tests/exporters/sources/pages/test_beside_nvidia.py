"""DCGM's page beside the device itself: ours wins where both tell, the page fills in what NVML lacks."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from exporters.agent.reading import Reading, State
from exporters.agent.settings import Settings
from exporters.agent.snapshot import Snapshot
from exporters.canonical import device, telemetry
from exporters.commands.export import rosters_of
from exporters.metric import Metric, Sample
from exporters.simulation.fleet import Fleet, demo_fleet
from exporters.simulation.nvml.cards import A100, H100, Model
from exporters.simulation.nvml.work import steady
from tests.exporters.agent.conftest import SetClock
from tests.exporters.sources.nvidia.conftest import cards, rig_of
from tests.exporters.sources.pages.conftest import DCGM, read

WORK = steady(0.82, 0.61, 0.34, 0.47, used_mib=20_000)


def merged(model: Model) -> Snapshot:
    """The agent's view of one node with two cards of this model, after two readings."""
    rig = rig_of(*cards(model, [WORK, WORK]))
    rig.read()
    nvidia = rig.later().read().samples
    snapshot = Snapshot(SetClock())
    snapshot.put("pages/127.0.0.1:9400", Reading(1, State.UP, tuple(read(DCGM).samples), 0.0))
    snapshot.put("nvidia/all", Reading(0, State.UP, tuple(nvidia), 0.0))
    return snapshot


def value(samples: Iterable[Sample], metric: Metric) -> float:
    (found,) = (one.value for one in samples if one.metric is metric and ("uuid", "GPU-0") in one.labels)
    return found


def test_before_hopper_the_tensor_pipes_are_the_pages_and_power_is_ours() -> None:
    samples = merged(A100).samples()
    assert value(samples, device.compute_active_ratio) == 0.412
    assert value(samples, device.memory_active_ratio) == 0.333
    assert value(samples, device.power_watts) != 350.125
    assert value(samples, device.busy_ratio) == pytest.approx(0.82, abs=0.02)
    assert value(samples, device.allocation) == 1
    (left_out,) = (
        one.value
        for one in samples
        if one.metric is telemetry.source_duplicate_samples and one.labels[0][1].startswith("pages/")
    )
    assert left_out >= 5


def test_from_hopper_on_all_of_it_is_ours() -> None:
    assert value(merged(H100).samples(), device.compute_active_ratio) != 0.412


def test_without_ours_the_page_tells_all_but_what_is_counted() -> None:
    """A count of DCGM is older than ours: put in its place it would seem to start anew."""
    snapshot = merged(A100)
    snapshot.samples()
    snapshot.put("nvidia/all", Reading(0, State.FAILED))
    samples = snapshot.samples()
    assert value(samples, device.power_watts) == 350.125
    assert not [one for one in samples if one.metric is device.energy_joules_total]


def test_pages_come_after_the_devices() -> None:
    names = [roster.name for roster in rosters_of(Settings("node-a", pages=("http://127.0.0.1:9400/metrics",)))]
    assert names.index("pages") > max(names.index(name) for name in ("kubelet", "neuron", "nvidia"))


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return demo_fleet(days=1 / 24, interval_seconds=600)


def test_every_card_of_a_fleet_is_told_as_its_page_has_it(fleet: Fleet) -> None:
    pages = [
        page
        for one in fleet.targets
        if "dcgm" in one.name
        for _, page in one.pages(one.window.start, one.window.end)
        if page
    ]
    assert len(pages) > 10
    for page in pages:
        told = read(page)
        rows = [line for line in page.decode().splitlines() if line.startswith("DCGM_FI_DEV_FB_USED{")]
        wanted = {(line.split('UUID="')[1].split('"')[0], float(line.rpartition(" ")[2]) * 2**20) for line in rows}
        assert {(uuid, used) for (uuid, _), used in told.of(device.memory_used_bytes, "uuid", "mig").items()} == wanted
        holders = {line.split('pod="')[1].split('"')[0] for line in rows if 'pod="' in line}
        assert {pod for (pod,) in told.of(device.allocation, "pod")} == holders

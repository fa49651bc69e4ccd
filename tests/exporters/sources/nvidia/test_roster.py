"""Which devices there are: none without a driver, new ones, lost ones that come back, and one that hangs."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from exporters.canonical import device, nodes, targets
from exporters.simulation.nvml.cards import A10G, H100
from exporters.simulation.nvml.machine import Gpu, Machine, Xid
from exporters.simulation.nvml.work import steady
from exporters.simulation.steps import FOREVER, Span
from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.nvidia import Nvidia, driver, make_roster
from tests.exporters.sources.nvidia.conftest import BOOTED, START, Clock, cards, rig_of, wait_until

WORK = steady(0.5, 0.4, 0.3, 0.2, used_mib=1000)


def test_a_node_without_the_library_is_absent() -> None:
    with pytest.raises(SourceAbsent, match="no NVIDIA driver"):
        rig_of(has_library=False).roster.sources()


def test_a_node_without_the_python_package_is_absent(clock: Clock) -> None:
    def load() -> None:
        raise ImportError("pynvml")

    with pytest.raises(SourceAbsent, match=r"gpuyield\[node\]"):
        Nvidia(load, "node-a", 10.0, clock).sources()  # type: ignore[arg-type]


def test_the_real_library_is_asked_where_it_is_installed() -> None:
    class Settings:
        node_name = "node-a"
        interval_seconds = 10.0

    with suppress(SourceAbsent, SourceFailed):  # no driver here; any other error is one of ours
        assert "nvidia" in make_roster(Settings()).sources()


def test_a_driver_that_is_loaded_later_is_found() -> None:
    rig = rig_of(*cards(A10G, [WORK]), unloaded=(Span(BOOTED, START + 60),))
    with pytest.raises(SourceFailed, match="not loaded"):
        rig.roster.sources()
    assert set(rig.later(60).roster.sources()) == {"nvidia", "nvidia/xid", "nvidia/GPU-0"}
    assert rig.read().value(targets.driver_info, version="580.95.05") == 1


def test_sources_stay_the_same_objects() -> None:
    rig = rig_of(*cards(H100, [WORK] * 8))
    assert rig.roster.sources() == rig.later(30).roster.sources()
    assert rig.nvml.calls["nvmlDeviceGetUUID"] == 8
    assert rig.nvml.calls["nvmlInit"] == 1


def test_counts_tell_what_is_there_and_what_once_was() -> None:
    eight = cards(H100, [WORK] * 8)
    lost = (*eight[:5], replace(eight[5], lost=(Span(START + 5, FOREVER),)), *eight[6:])
    rig = rig_of(*lost)
    assert rig.read().of(nodes.accelerators, node="node-a") == {("visible",): 8, ("expected",): 8}
    assert rig.later().read().of(nodes.accelerators, node="node-a") == {("visible",): 7, ("expected",): 8}


def test_a_device_that_comes_back_is_found_and_what_it_counted_goes_on() -> None:
    away = Span(START + 5, START + 200)
    first = Gpu("GPU-0", H100, WORK, lost=(away,), faults=(Xid(START + 4, 79),))
    rig = rig_of(first, Gpu("GPU-1", H100, WORK), missing_fields=frozenset({230}))
    rig.read_all()
    rig.later(5).read_all()
    for _ in range(9):
        found = rig.later(30).read()
        assert found.of(device.accelerator_up) == {("GPU-0",): 0, ("GPU-1",): 1}
    found = rig.later(100).read_all()
    assert "nvidia/GPU-0" in rig.roster.sources()
    assert found.of(device.accelerator_up) == {("GPU-0",): 1, ("GPU-1",): 1}
    assert found.value(device.faults_total, uuid="GPU-0", code="79") == 1
    assert rig.later().read().value(device.sm_active_ratio, uuid="GPU-1") == pytest.approx(0.4)
    assert rig.nvml.samples_lent == 4


def test_a_device_that_never_comes_back_is_missed_for_ever_and_searched_for_less_and_less() -> None:
    rig = rig_of(Gpu("GPU-0", H100, lost=(Span(START + 5, FOREVER),)), Gpu("GPU-1", H100, WORK))
    rig.read()
    for _ in range(2 * 60 * 6):
        found = rig.later(30).read()
    assert 5 <= rig.nvml.calls["nvmlShutdown"] <= 10  # in six hours
    assert found.of(device.accelerator_up) == {("GPU-0",): 0, ("GPU-1",): 1}
    assert found.of(nodes.accelerators, node="node-a") == {("visible",): 1, ("expected",): 2}


def test_a_driver_that_is_unloaded_takes_every_device_with_it() -> None:
    rig = rig_of(*cards(H100, [WORK, WORK]), unloaded=(Span(START + 5, START + 100),))
    rig.read()
    whole = rig.roster.sources()["nvidia"]
    for _ in range(2):
        with pytest.raises(SourceFailed, match="NVIDIA driver"):
            rig.later(20).roster.sources()
    told = {(one.metric, dict(one.labels).get("uuid")): one.value for one in whole.read()}
    assert told[device.accelerator_up, "GPU-0"] == told[device.accelerator_up, "GPU-1"] == 0
    rig.later(100)
    assert rig.read().of(device.accelerator_up) == {("GPU-0",): 1, ("GPU-1",): 1}


def test_devices_that_are_added_are_found_when_the_library_shows_them() -> None:
    rig = rig_of(*cards(H100, [WORK]))
    rig.read()
    rig.nvml.machine = Machine(cards(H100, [WORK, WORK]), BOOTED)
    assert set(rig.later(30).read().of(device.accelerator_up)) == {("GPU-0",), ("GPU-1",)}


def test_a_device_that_hangs_holds_up_no_look_and_no_other_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where another one is lost and the library should be opened anew."""
    monkeypatch.setattr(driver, "_PATIENCE_SECONDS", 0.01)
    lost = Gpu("GPU-2", H100, lost=(Span(START + 5, FOREVER),))
    rig = rig_of(*cards(H100, [WORK, WORK]), lost)
    hung = rig.roster.sources()["nvidia/GPU-0"]
    rig.read()
    rig.nvml.hang("GPU-0")
    thread = threading.Thread(target=lambda: list(hung.read()), daemon=True)
    thread.start()
    wait_until(lambda: rig.nvml.calls["nvmlDeviceGetMigMode"] == 4)
    rig.later().read(lambda name: name == "nvidia/GPU-2")
    found = rig.later(400).read(lambda name: name in ("nvidia", "nvidia/GPU-1"))
    assert found.of(device.accelerator_up) == {("GPU-0",): 0, ("GPU-1",): 1, ("GPU-2",): 0}
    assert not found.errors
    assert rig.nvml.calls["nvmlShutdown"] == 0
    rig.nvml.release("GPU-0")
    thread.join(10)
    assert not thread.is_alive()

"""One device: every unit against a number worked out by hand, and what is left out where a card or driver lacks it."""

from __future__ import annotations

import threading
from dataclasses import replace
from itertools import pairwise

import pytest

from exporters.canonical import device
from exporters.metric import Metric
from exporters.simulation.nvml.cards import A10G, A100, B200, H100, T4
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Gpu
from exporters.simulation.nvml.work import always, steady
from exporters.simulation.steps import FOREVER, Span
from exporters.source import SourceFailed
from tests.exporters.sources.nvidia.conftest import START, Rig, cards, rig_of, wait_until

HALF_BUSY = steady(0.5, 0.4, 0.3, 0.2, used_mib=20_000, processes=3)
GPM_METRICS = (device.sm_active_ratio, device.compute_active_ratio, device.memory_active_ratio)


@pytest.mark.parametrize(
    ("metric", "labels", "value"),
    [
        (device.busy_ratio, {"mig": ""}, 0.5),  # 50 %
        (device.power_watts, {"mig": ""}, 385.5),  # 71 W + 0.5 x 629 W, told in mW
        (device.energy_joules_total, {}, 3600 * 385.5),  # an hour since boot, told in mJ
        (device.temperature_celsius, {}, 52.0),
        (device.clock_hertz, {"clock": "sm"}, 1_980_000_000.0),  # 1980 MHz
        (device.clock_hertz, {"clock": "memory"}, 2_619_000_000.0),
        (device.throttled_seconds_total, {"reason": "power_cap"}, 360.0),  # a tenth of the hour, told in ns
        (device.throttled_seconds_total, {"reason": "hw_thermal"}, 0.0),
        (device.memory_used_bytes, {"mig": ""}, 20_000 * 1_048_576.0),
        (device.memory_total_bytes, {"mig": ""}, (81_559 - 551) * 1_048_576.0),
        (device.interconnect_bytes_total, {"link": "nvlink", "direction": "transmit"}, 72e12),  # 1800 s x 40 GB/s
        (device.interconnect_bytes_total, {"link": "pcie", "direction": "receive"}, 3.6e12),
        (device.ecc_errors_total, {"severity": "corrected"}, 4.0),
        (device.ecc_errors_total, {"severity": "uncorrected"}, 0.0),
        (device.remapped_rows, {"cause": "corrected"}, 2.0),
        (device.remapped_rows, {"cause": "uncorrected"}, 1.0),
        (device.row_remap_pending, {}, 1.0),
        (device.row_remap_failed, {}, 0.0),
        (device.processes, {"mig": ""}, 3.0),
    ],
)
def test_values_are_in_base_units(metric: Metric, labels: dict[str, str], value: float) -> None:
    rig = rig_of(*cards(H100, [HALF_BUSY], throttled={74: always(0.1)}, corrected_errors=4, remapped_rows=(2, 1, 1, 0)))
    found = rig.read().value(metric, uuid="GPU-0", **labels)
    assert found == pytest.approx(value, rel=1e-9)


def test_identity_says_what_sits_where() -> None:
    info = rig_of(*cards(A10G, [HALF_BUSY, HALF_BUSY])).read()
    assert info.value(device.accelerator_info, uuid="GPU-1", index="1", model="NVIDIA A10G", node="node-a", mig="") == 1


def test_a_blackwell_card_counts_nvlink_in_bytes() -> None:
    found = rig_of(*cards(B200, [HALF_BUSY])).read()
    assert found.value(device.interconnect_bytes_total, link="nvlink", direction="transmit") == 1800 * 80e9


def test_what_a_t4_does_not_have_is_left_out_and_not_asked_again() -> None:
    rig = rig_of(*cards(T4, [HALF_BUSY]))
    rig.read()
    asked = rig.nvml.calls.copy()
    found = rig.later().read()
    for metric in (*GPM_METRICS, device.remapped_rows, device.row_remap_pending, device.interconnect_bytes_total):
        assert found.of(metric) == {}
    for function in ("nvmlDeviceGetRemappedRows", "nvmlDeviceGetMigMode", "nvmlGpmQueryDeviceSupport"):
        assert rig.nvml.calls[function] == asked[function], function
    assert found.value(device.busy_ratio) == 0.5


def test_a_driver_older_than_most_functions_still_gives_what_it_has() -> None:
    rig = rig_of(
        *cards(A10G, [HALF_BUSY]),
        driver_version="450.51.06",
        missing=frozenset(
            {
                "nvmlDeviceGetMemoryInfo_v2",
                "nvmlDeviceGetTemperatureV",
                "nvmlDeviceGetFieldValues",
                "nvmlDeviceGetRemappedRows",
                "nvmlDeviceGetMigMode",
                "nvmlDeviceGetArchitecture",
                "nvmlGpmQueryDeviceSupport",
                "nvmlGpmSampleAlloc",
                "nvmlEventSetCreate",
            }
        ),
    )
    found = rig.read_all()
    assert found.value(device.power_watts) == pytest.approx(158.5)
    assert found.value(device.temperature_celsius) == 52
    # v1 counts what the driver reserves as used
    assert found.value(device.memory_used_bytes) == (20_000 + 297) * 1_048_576
    assert found.of(device.throttled_seconds_total) == {}
    assert [str(error) for error in found.errors.values()] == ["the driver reports no faults (Xid): Function Not Found"]
    asked = rig.nvml.calls.copy()
    rig.later().read()
    assert rig.nvml.calls["nvmlDeviceGetFieldValues"] == asked["nvmlDeviceGetFieldValues"]


def test_a_field_that_the_driver_does_not_know_costs_only_itself() -> None:
    found = rig_of(*cards(H100, [HALF_BUSY]), missing_fields=frozenset({185, 269, 270, 271})).read()
    assert found.value(device.power_watts) == pytest.approx(385.5)
    assert set(found.of(device.throttled_seconds_total, uuid="GPU-0")) == {
        *(("power_cap",), ("thermal",), ("sync_boost",), ("board_limit",), ("low_utilization",), ("reliability",))
    }


def test_permission_that_is_missing_is_asked_for_again_but_rarely() -> None:
    rig = rig_of(*cards(H100, [HALF_BUSY]), forbidden=frozenset({"nvmlGpmSampleGet"}))
    for _ in range(60):
        found = rig.later().read()
        assert [found.of(metric) for metric in GPM_METRICS] == [{}, {}, {}]
        assert not found.errors
    assert rig.nvml.calls["nvmlGpmSampleGet"] == 1
    rig.later(10).read()
    assert rig.nvml.calls["nvmlGpmSampleGet"] == 2
    assert rig.nvml.samples_lent == 1


def test_a_device_that_answers_nothing_has_failed() -> None:
    listing = {"nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetUUID"}
    functions = {name for name in dir(SimulatedNvml) if name.startswith(("nvmlDevice", "nvmlGpm"))} - listing
    forbidden = frozenset(functions | {"nvmlDeviceGetMemoryInfo_v2"})
    found = rig_of(*cards(A10G, [HALF_BUSY]), forbidden=forbidden).read()
    assert "answers nothing" in str(found.errors["nvidia/GPU-0"])
    assert found.value(device.accelerator_up, uuid="GPU-0") == 0
    assert found.of(device.healthy) == {}


def test_a_lost_device_is_told_of_and_left_alone_for_a_minute() -> None:
    rig = rig_of(Gpu("GPU-0", H100, lost=(Span(START + 5, FOREVER),)), Gpu("GPU-1", H100, HALF_BUSY))
    assert rig.read().of(device.accelerator_up) == {("GPU-0",): 1, ("GPU-1",): 1}
    found = rig.later().read()
    assert "drain the node" in str(found.errors["nvidia/GPU-0"])
    assert found.of(device.accelerator_up) == {("GPU-0",): 0, ("GPU-1",): 1}
    assert found.of(device.healthy) == {("GPU-0",): 0, ("GPU-1",): 1}
    assert (
        found.value(device.accelerator_info, uuid="GPU-0", node="node-a", index="0", model="NVIDIA H100 80GB HBM3") == 1
    )
    assert found.of(device.busy_ratio, mig="") == {("GPU-1",): 0.5}
    asked = rig.nvml.calls["nvmlDeviceGetMigMode"]
    again = rig.later().read()
    assert str(again.errors["nvidia/GPU-0"]) == str(found.errors["nvidia/GPU-0"])
    assert rig.nvml.calls["nvmlDeviceGetMigMode"] == asked + 1  # the other device
    assert rig.nvml.samples_lent == 2  # those of the other device


def test_a_hung_device_blocks_its_own_reading_and_nothing_else() -> None:
    rig = rig_of(*cards(H100, [HALF_BUSY, HALF_BUSY]))
    rig.read()
    rig.nvml.hang("GPU-0")
    hung = rig.roster.sources()["nvidia/GPU-0"]
    thread = threading.Thread(target=lambda: list(hung.read()), daemon=True)
    thread.start()
    wait_until(lambda: rig.nvml.calls["nvmlDeviceGetMigMode"] == 3)
    found = rig.later(11).read(lambda name: name != "nvidia/GPU-0" and not name.endswith("xid"))
    assert found.of(device.accelerator_up) == {("GPU-0",): 0, ("GPU-1",): 1}
    assert found.of(device.healthy) == {("GPU-1",): 1}  # nothing tells whether the hung one is broken
    assert found.of(device.busy_ratio, mig="") == {("GPU-1",): 0.5}
    rig.nvml.release("GPU-0")
    thread.join(10)
    assert rig.read().of(device.accelerator_up) == {("GPU-0",): 1, ("GPU-1",): 1}


def test_a_32_bit_pcie_counter_goes_on_rising() -> None:
    narrow = rig_of(Gpu("GPU-0", replace(A10G, pcie_bits=32, pcie_bytes_per_second=1e8), HALF_BUSY))
    totals = [_pcie(narrow)]
    for _ in range(10):
        narrow.later()
        totals.append(_pcie(narrow))
    # Half busy at 100 MB/s: 500 MB in ten seconds, 5 GB in all; the register begins again at 4.3 GB.
    assert [round(later - sooner) for sooner, later in pairwise(totals)] == [500_000_000] * 10


def _pcie(rig: Rig) -> float:
    value = rig.read().value(device.interconnect_bytes_total, link="pcie", direction="transmit")
    assert value is not None
    return value


def test_counters_fall_with_the_driver_and_rise_again() -> None:
    rig = rig_of(*cards(H100, [HALF_BUSY]), reloads=(START + 15,))
    before = rig.read().value(device.energy_joules_total)
    with pytest.raises(SourceFailed, match="unloaded"):
        rig.later(20).read()
    after = rig.read()
    assert after.value(device.energy_joules_total) == pytest.approx(5 * 385.5)
    assert before is not None
    assert after.value(device.interconnect_bytes_total, link="pcie", direction="transmit") == pytest.approx(5e9)
    assert after.value(device.accelerator_up) == 1


def test_time_slicing_changes_nothing_of_the_device() -> None:
    shared = rig_of(*cards(A10G, [steady(0.9, 0, 0, 0, used_mib=9000, processes=4)])).read()
    assert shared.value(device.processes, mig="") == 4
    assert shared.value(device.busy_ratio, mig="") == 0.9


def test_mig_takes_the_place_of_the_device_when_it_is_switched_on() -> None:
    rig = rig_of(*cards(A100, [HALF_BUSY], has_mig=True))
    found = rig.read()
    assert found.of(device.busy_ratio) == {}
    assert found.value(device.accelerator_info, uuid="GPU-0", mig="") == 1  # no instance yet: still a device

"""GPM: means between two readings, from percentages or from cycles, and nothing where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import device
from exporters.simulation.nvml.cards import A100, H100
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Gpu, Machine
from exporters.simulation.nvml.work import Work, area_between, steady
from exporters.simulation.steps import Span, Steps
from tests.exporters.sources.nvidia.conftest import BOOTED, START, Rig, cards, rig_of

WORK = steady(0.9, 0.6, 0.35, 0.5, used_mib=1000)


@pytest.mark.parametrize("has_cycles", [False, True])
def test_ratios_are_between_0_and_1_from_the_second_reading_on(has_cycles: bool) -> None:
    rig = rig_of(*cards(H100, [WORK]), has_cycles=has_cycles)
    assert rig.read().of(device.sm_active_ratio) == {}
    for _ in range(3):
        found = rig.later().read()
        assert found.value(device.sm_active_ratio, uuid="GPU-0", mig="") == pytest.approx(0.6)
        assert found.value(device.compute_active_ratio, uuid="GPU-0", mig="") == pytest.approx(0.35)
        assert found.value(device.memory_active_ratio, uuid="GPU-0", mig="") == pytest.approx(0.5)


@given(levels=st.lists(st.floats(0, 1), min_size=1, max_size=8), waits=st.lists(st.floats(1, 60), max_size=6))
@pytest.mark.parametrize("has_cycles", [False, True])
def test_means_weighted_by_time_add_up_to_the_whole(has_cycles: bool, levels: list[float], waits: list[float]) -> None:
    """Nothing is lost between readings, however long they are apart."""
    tensor = Steps.of(np.array([START + 10.0 * place for place in range(len(levels))]), np.array(levels))
    rig = rig_of(*cards(H100, [Work(sm=tensor, tensor=tensor)]), has_cycles=has_cycles)
    rig.read()
    total = 0.0
    for wait in waits:
        ratio = rig.later(wait).read().value(device.compute_active_ratio)
        assert ratio is not None
        total += ratio * wait
    assert total == pytest.approx(area_between(tensor, START, rig.clock.now), abs=1e-4)


class TamperedNvml(SimulatedNvml):
    """Passes the answers of GPM through `tamper` (metric id, value) -> value."""

    tamper: Callable[[int, float], float] = staticmethod(lambda number, value: value)

    def nvmlGpmMetricsGet(self, metricsGet: Any) -> Any:  # noqa: N802, N803
        answer = super().nvmlGpmMetricsGet(metricsGet)
        for place in range(answer.numMetrics):
            metric = answer.metrics[place]
            metric.value = type(self).tamper(metric.metricId, metric.value)
        return answer


def tampered(tamper: Callable[[int, float], float], has_cycles: bool) -> Rig:
    rig = rig_of(*cards(H100, [WORK]))
    kind = type("Tampered", (TamperedNvml,), {"tamper": staticmethod(tamper)})
    rig.nvml = kind(rig.nvml.machine, rig.clock, has_cycles, rig.clock.sleep)
    rig.read()
    return rig


def test_what_is_not_a_number_is_left_out() -> None:
    found = tampered(lambda number, value: math.nan if number == 10 else value, False).later().read()
    assert found.of(device.memory_active_ratio) == {}
    assert found.value(device.sm_active_ratio) == pytest.approx(0.6)


def test_what_is_no_ratio_is_left_out() -> None:
    """More than rounding above 1 has been seen on MIG; a little above is 1."""
    found = tampered(lambda number, value: {2: 180.0, 5: 101.0}.get(number, value), False).later().read()
    assert found.of(device.sm_active_ratio) == {}
    assert found.value(device.compute_active_ratio) == 1.0


def test_cycles_that_contradict_the_percentages_are_not_believed() -> None:
    rig = tampered(lambda number, value: value * 132 if number == 249 else value, True)
    for _ in range(4):
        found = rig.later().read()
        if found.of(device.sm_active_ratio):
            assert found.value(device.sm_active_ratio) == pytest.approx(0.6)
    assert found.value(device.sm_active_ratio) == pytest.approx(0.6)


def test_two_samples_per_device_are_enough_and_a_lost_one_keeps_none() -> None:
    rig = rig_of(Gpu("GPU-0", H100, WORK, lost=(Span(START + 35, START + 1e6),)), Gpu("GPU-1", H100, WORK))
    for _ in range(3):
        rig.read()
        rig.later()
    assert rig.nvml.samples_lent == 4
    rig.later().read()
    assert rig.nvml.samples_lent == 2


def test_a_card_older_than_hopper_is_asked_once() -> None:
    rig = rig_of(*cards(A100, [WORK]))
    for _ in range(3):
        assert rig.later().read().of(device.sm_active_ratio) == {}
    assert rig.nvml.calls["nvmlGpmQueryDeviceSupport"] == 1
    assert rig.nvml.samples_lent == 0


@pytest.mark.parametrize(
    ("rig", "state"),
    [
        (rig_of(*cards(H100, [WORK])), "measured"),
        (rig_of(*cards(A100, [WORK])), "unsupported"),
        (rig_of(*cards(H100, [WORK]), missing=frozenset({"nvmlGpmQueryDeviceSupport"})), "unsupported"),
        (rig_of(*cards(H100, [WORK]), forbidden=frozenset({"nvmlGpmSampleGet"})), "forbidden"),
    ],
)
def test_why_there_is_nothing_to_see_is_said(rig: Rig, state: str) -> None:
    for _ in range(2):
        assert rig.later().read().of(device.gpm_info, uuid="GPU-0") == {(state,): 1}


def test_a_privilege_that_is_granted_later_is_used() -> None:
    rig = rig_of(*cards(H100, [WORK]), forbidden=frozenset({"nvmlGpmSampleGet"}))
    rig.read()
    rig.nvml.machine = Machine(rig.nvml.machine.gpus, BOOTED)
    rig.later(600).read()
    found = rig.later().read()
    assert found.of(device.gpm_info, uuid="GPU-0") == {("measured",): 1}
    assert found.value(device.sm_active_ratio) == pytest.approx(0.6)

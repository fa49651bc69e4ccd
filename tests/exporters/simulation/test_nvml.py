"""The simulated NVML: that it is called like the real one, and that its numbers agree with each other."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.simulation.nvml.cards import A100, H100, T4
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Gpu, Machine, Slice, Xid
from exporters.simulation.nvml.work import Work, always, area_between, steady
from exporters.simulation.steps import Span, Steps
from exporters.sources.nvidia.nvml import Nvml

BOOTED = 1_000_000.0
FUNCTIONS = sorted(name for name in dir(SimulatedNvml) if name.startswith("nvml"))


class Clock:
    def __init__(self) -> None:
        self.now = BOOTED + 3600

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(machine: Machine, clock: Clock, has_cycles: bool = False) -> SimulatedNvml:
    nvml = SimulatedNvml(machine, clock, has_cycles, clock.sleep)
    nvml.nvmlInit()
    return nvml


def one_h100(**changes: Any) -> Machine:
    return Machine((Gpu("GPU-1", H100, **changes),), BOOTED)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_called_as_the_real_one(name: str) -> None:
    """Same parameters, in the same order, with the same defaults."""
    real = inspect.signature(getattr(pynvml, name)).parameters.values()
    _, *simulated = inspect.signature(getattr(SimulatedNvml, name)).parameters.values()
    assert [(one.name, one.default) for one in simulated] == [(one.name, one.default) for one in real]


@pytest.mark.parametrize("name", sorted(name for name in vars(Nvml) if name.startswith("nvml")))
def test_what_the_source_calls_exists_in_the_real_library(name: str) -> None:
    """Under the parameter names that the source may use; it may leave out those that have a default."""
    real = inspect.signature(getattr(pynvml, name)).parameters
    _, *wanted = inspect.signature(getattr(Nvml, name)).parameters
    assert wanted == list(real)[: len(wanted)]
    assert all(one.default is not one.empty for one in list(real.values())[len(wanted) :])


levels = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@given(levels=levels, seconds=st.floats(1, 500))
def test_energy_is_the_integral_of_power(levels: list[float], seconds: float) -> None:
    clock = Clock()
    start = clock.now
    steps = Steps.of(np.array([start + 50.0 * place for place in range(len(levels))]), np.array(levels))
    nvml = opened(one_h100(work=Work(busy=steps)), clock)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    before = nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    clock.now = start + seconds
    used = (nvml.nvmlDeviceGetTotalEnergyConsumption(handle) - before) / 1000
    watts = H100.idle_watts + (H100.full_watts - H100.idle_watts) * area_between(steps, start, clock.now) / seconds
    assert used == pytest.approx(watts * seconds, rel=1e-6, abs=0.01)


def test_power_and_utilization_are_means_of_the_last_second(clock: Clock) -> None:
    busy = Steps.spans([(clock.now - 0.25, clock.now + 100, 1.0)])
    nvml = opened(one_h100(work=Work(busy=busy)), clock)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetUtilizationRates(handle).gpu == 25
    assert nvml.nvmlDeviceGetPowerUsage(handle) == round(1000 * (71 + 629 / 4))


@given(sm=st.floats(0, 1), seconds=st.floats(0.1, 1000))
def test_cycles_and_percentages_tell_the_same(sm: float, seconds: float) -> None:
    clock = Clock()
    nvml = opened(one_h100(work=Work(sm=always(sm))), clock, has_cycles=True)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    first = nvml.nvmlGpmSampleGet(handle, nvml.nvmlGpmSampleAlloc())
    clock.now += seconds
    second = nvml.nvmlGpmSampleGet(handle, nvml.nvmlGpmSampleAlloc())
    percent, *_ = gpm(nvml, first, second, 2)
    elapsed = gpm(nvml, first, second, 248)[0] - gpm(nvml, first, first, 248)[0]
    active = gpm(nvml, first, second, 249)[0] - gpm(nvml, first, first, 249)[0]
    assert active / elapsed == pytest.approx(percent / 100, abs=1e-6)


def gpm(nvml: SimulatedNvml, before: Any, after: Any, *numbers: int) -> list[float]:
    question = pynvml.c_nvmlGpmMetricsGet_t()
    question.version, question.numMetrics = pynvml.NVML_GPM_METRICS_GET_VERSION, len(numbers)
    question.sample1, question.sample2 = before, after
    for place, number in enumerate(numbers):
        question.metrics[place].metricId = number
    answer = nvml.nvmlGpmMetricsGet(question)
    return [answer.metrics[place].value for place in range(len(numbers))]


def test_a_request_for_gpm_without_its_version_is_refused(clock: Clock) -> None:
    nvml = opened(one_h100(), clock)
    with pytest.raises(pynvml.NVMLError_ArgumentVersionMismatch):
        nvml.nvmlGpmMetricsGet(pynvml.c_nvmlGpmMetricsGet_t())


@pytest.mark.parametrize(
    ("machine", "error"),
    [
        (Machine((), BOOTED, has_library=False), pynvml.NVMLError_LibraryNotFound),
        (Machine((), BOOTED, unloaded=(Span(BOOTED, BOOTED + 7200),)), pynvml.NVMLError_DriverNotLoaded),
    ],
)
def test_a_node_without_a_driver_says_so(machine: Machine, error: type[Exception], clock: Clock) -> None:
    with pytest.raises(error):
        SimulatedNvml(machine, clock).nvmlInit()


def test_a_card_that_fell_off_the_bus_is_not_seen_again_before_the_library_is_reopened(clock: Clock) -> None:
    nvml = opened(one_h100(lost=(Span(clock.now + 10, clock.now + 20),)), clock)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetUUID(handle) == "GPU-1"
    clock.now += 15
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetUUID(handle)
    nvml.nvmlShutdown()
    nvml.nvmlInit()
    assert nvml.nvmlDeviceGetCount() == 0
    clock.now += 15
    assert nvml.nvmlDeviceGetCount() == 0
    nvml.nvmlShutdown()
    nvml.nvmlInit()
    assert nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(0)) == "GPU-1"


def test_a_hung_card_blocks_its_callers_and_no_others(clock: Clock) -> None:
    nvml = opened(Machine((Gpu("GPU-1", H100), Gpu("GPU-2", H100)), BOOTED), clock)
    first, second = (nvml.nvmlDeviceGetHandleByIndex(index) for index in range(2))
    nvml.hang("GPU-1")
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(nvml.nvmlDeviceGetPowerUsage(first)), daemon=True)
    caller.start()
    assert nvml.nvmlDeviceGetPowerUsage(second) == 71_000
    assert answers == []
    nvml.release("GPU-1")
    caller.join(10)
    assert answers == [71_000]


def test_faults_wait_in_the_set_of_who_registered_before_they_came(clock: Clock) -> None:
    faults = (Xid(clock.now - 5, 13), Xid(clock.now + 1, 31), Xid(clock.now + 1, 31), Xid(clock.now + 2, 94, 3))
    nvml = opened(one_h100(faults=faults), clock)
    events = nvml.nvmlEventSetCreate()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceRegisterEvents(handle, pynvml.nvmlEventTypeXidCriticalError, events)
    with pytest.raises(pynvml.NVMLError_Timeout):
        nvml.nvmlEventSetWait_v2(events, 0)
    seen = [nvml.nvmlEventSetWait_v2(events, 5000) for _ in range(3)]
    assert [(one.eventData, one.gpuInstanceId) for one in seen] == [(31, 0xFFFFFFFF), (31, 0xFFFFFFFF), (94, 3)]
    assert nvml.nvmlDeviceGetUUID(seen[0].device) == "GPU-1"


@pytest.mark.parametrize(
    ("gpu", "call"),
    [
        (Gpu("GPU-1", T4), lambda nvml, handle: nvml.nvmlDeviceGetRemappedRows(handle)),
        (Gpu("GPU-1", T4), lambda nvml, handle: nvml.nvmlDeviceGetMigMode(handle)),
        (Gpu("GPU-1", T4), lambda nvml, handle: nvml.nvmlGpmSampleGet(handle, nvml.nvmlGpmSampleAlloc())),
        (Gpu("GPU-1", A100, has_mig=True), lambda nvml, handle: nvml.nvmlDeviceGetUtilizationRates(handle)),
    ],
)
def test_what_a_card_does_not_have_is_refused(
    gpu: Gpu, call: Callable[[SimulatedNvml, Any], object], clock: Clock
) -> None:
    nvml = opened(Machine((gpu,), BOOTED), clock)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        call(nvml, nvml.nvmlDeviceGetHandleByIndex(0))


def test_a_mig_device_tells_of_its_instance(clock: Clock) -> None:
    part = Slice("MIG-1", 3, "2g.10gb", 2, 9856, steady(0.5, 0.4, 0.2, 0.1, used_mib=1000, processes=2))
    nvml = opened(Machine((Gpu("GPU-1", A100, slices=(part,), has_mig=True),), BOOTED), clock)
    device = nvml.nvmlDeviceGetHandleByIndex(0)
    handle = nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 0)
    assert nvml.nvmlDeviceGetGpuInstanceId(handle) == 3
    assert nvml.nvmlDeviceGetUUID(handle) == "MIG-1"
    assert nvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2).used == 1000 << 20
    assert len(nvml.nvmlDeviceGetComputeRunningProcesses(handle)) == 2
    with pytest.raises(pynvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 1)


def test_counters_begin_anew_when_the_driver_is_reloaded(clock: Clock) -> None:
    machine = Machine((Gpu("GPU-1", H100),), BOOTED, reloads=(clock.now + 100,))
    nvml = opened(machine, clock)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(handle) == 3600 * 71_000
    clock.now += 110
    with pytest.raises(pynvml.NVMLError_Uninitialized):
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    nvml.nvmlInit()
    assert nvml.nvmlDeviceGetTotalEnergyConsumption(nvml.nvmlDeviceGetHandleByIndex(0)) == 10 * 71_000

"""What one device says of itself, reading by reading. What it does not say is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporters.canonical import device
from exporters.metric import Sample
from exporters.sources.nvidia.asking import Asking
from exporters.sources.nvidia.nvml import (
    CLOCK_MEMORY,
    CLOCK_SM,
    ECC_CORRECTED,
    ECC_SINCE_DRIVER_LOAD,
    ECC_UNCORRECTED,
    MEMORY_V2,
    TEMPERATURE_CORE,
    Handle,
)

_CLOCKS = {"sm": CLOCK_SM, "memory": CLOCK_MEMORY}
_SEVERITIES = {"corrected": ECC_CORRECTED, "uncorrected": ECC_UNCORRECTED}
_MEGAHERTZ = 1e6


def board(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    """What belongs to the whole board, with MIG or without."""
    yield from _temperature(asking, handle, uuid, at)
    yield from _clocks(asking, handle, uuid, at)
    yield from _memory_errors(asking, handle, uuid, at)
    yield from _remapped_rows(asking, handle, uuid, at)


def busy(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    """Share of the last second in which a kernel ran; NVML refuses it while MIG is on."""
    rates = asking.ask("utilization", lambda: asking.nvml.nvmlDeviceGetUtilizationRates(handle))
    if rates is not None and rates.gpu <= 100:
        yield device.busy_ratio.sample(rates.gpu / 100, at, uuid=uuid, mig="")


def memory(asking: Asking, handle: Handle, what: str) -> tuple[int, int] | None:
    """(used, total) bytes without what the driver reserves; drivers before 510 count that as used."""
    nvml = asking.nvml
    new = asking.ask(f"memory of {what}, v2", lambda: nvml.nvmlDeviceGetMemoryInfo(handle, version=MEMORY_V2))
    if new is not None:
        return int(new.used), int(new.total - new.reserved)
    if not asking.is_never(f"memory of {what}, v2"):
        return None
    old = asking.ask(f"memory of {what}", lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    return None if old is None else (int(old.used), int(old.total))


def processes(asking: Asking, handles: Sequence[Handle], what: str) -> int | None:
    """Processes that compute; None unless every handle tells."""
    nvml = asking.nvml
    total = 0
    for place, handle in enumerate(handles):
        # A lambda that is called at once sees this turn's handle.
        running = asking.ask(
            f"processes of {what} {place}",
            lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle),  # noqa: B023
        )
        if running is None:
            return None
        total += len(running)
    return total


def power_milliwatts(asking: Asking, handle: Handle) -> int | None:
    """Board power where the driver has no field for its mean."""
    return asking.ask("power", lambda: asking.nvml.nvmlDeviceGetPowerUsage(handle))


def energy_millijoules(asking: Asking, handle: Handle) -> int | None:
    """Energy since the driver was loaded."""
    return asking.ask("energy", lambda: asking.nvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def _temperature(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    nvml = asking.nvml
    celsius = asking.ask("temperature", lambda: nvml.nvmlDeviceGetTemperatureV(handle, TEMPERATURE_CORE))
    if celsius is None and asking.is_never("temperature"):
        celsius = asking.ask("temperature, old", lambda: nvml.nvmlDeviceGetTemperature(handle, TEMPERATURE_CORE))
    if celsius is not None:
        yield device.temperature_celsius.sample(celsius, at, uuid=uuid)


def _clocks(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    nvml = asking.nvml
    for clock, number in _CLOCKS.items():
        megahertz = asking.ask(f"{clock} clock", lambda: nvml.nvmlDeviceGetClockInfo(handle, number))  # noqa: B023
        if megahertz is not None:
            yield device.clock_hertz.sample(megahertz * _MEGAHERTZ, at, uuid=uuid, clock=clock)


def _memory_errors(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    nvml = asking.nvml
    for severity, number in _SEVERITIES.items():
        count = asking.ask(
            f"{severity} memory errors",
            lambda: nvml.nvmlDeviceGetTotalEccErrors(handle, number, ECC_SINCE_DRIVER_LOAD),  # noqa: B023
        )
        if count is not None:
            yield device.ecc_errors_total.sample(count, at, uuid=uuid, severity=severity)


def _remapped_rows(asking: Asking, handle: Handle, uuid: str, at: float) -> Iterator[Sample]:
    rows = asking.ask("remapped rows", lambda: asking.nvml.nvmlDeviceGetRemappedRows(handle))
    if rows is None:
        return
    corrected, uncorrected, is_pending, has_failed = rows
    yield device.remapped_rows.sample(corrected, at, uuid=uuid, cause="corrected")
    yield device.remapped_rows.sample(uncorrected, at, uuid=uuid, cause="uncorrected")
    yield device.row_remap_pending.sample(is_pending, at, uuid=uuid)
    yield device.row_remap_failed.sample(has_failed, at, uuid=uuid)

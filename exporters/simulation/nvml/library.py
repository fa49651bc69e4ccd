"""The functions of `pynvml`, by the same names, for a simulated machine: a module's place can be taken by an object."""

# ruff: noqa: N802, N803, N815 - the names are NVIDIA's

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pynvml

from exporters.simulation.nvml import activity
from exporters.simulation.nvml.events import EventSets
from exporters.simulation.nvml.machine import Gpu, Machine
from exporters.simulation.nvml.meter import Meter
from exporters.simulation.nvml.opening import Card, Opening, address, pointer, require
from exporters.simulation.nvml.work import Work, level_at

_SAMPLES_AT = 0x800000
_MIB = 1 << 20
_EVENT_TURN_SECONDS = 0.05


class SimulatedNvml(Opening):
    """Stands where the module `pynvml` would. Safe to call from many threads, as the real one is.

    `has_cycles` is whether GPM counts cycles since boot; `pause` passes the time in which a caller waits for events.
    """

    NVMLError: type[Exception] = pynvml.NVMLError
    c_nvmlGpmMetricsGet_t = pynvml.c_nvmlGpmMetricsGet_t

    def __init__(
        self,
        machine: Machine,
        clock: Callable[[], float] = time.time,
        has_cycles: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(machine, clock)
        self._has_cycles = has_cycles
        self._pause = pause
        self._samples: dict[int, activity.Snapshot | None] = {}
        self._next_sample = _SAMPLES_AT
        self._event_sets = EventSets()

    @property
    def samples_lent(self) -> int:
        """GPM samples that were not given back."""
        return len(self._samples)

    def nvmlInit(self) -> None:
        self.calls["nvmlInit"] += 1
        if not self.machine.has_library:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)
        if not self.machine.is_loaded(self._clock()):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
        self._opened_at = self._clock()

    def nvmlShutdown(self) -> None:
        self._open("nvmlShutdown")
        self._opened_at = None

    def nvmlSystemGetDriverVersion(self) -> str:
        self._open("nvmlSystemGetDriverVersion")
        return self.machine.driver_version

    def nvmlDeviceGetCount(self) -> int:
        return len(self._visible(self._open("nvmlDeviceGetCount")))

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        opened_at = self._open("nvmlDeviceGetHandleByIndex")
        visible = self._visible(opened_at)
        if index >= len(visible):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return self._handle(Card(visible[index], None, index, opened_at))

    def nvmlDeviceGetUUID(self, handle: Any) -> str:
        card = self._card("nvmlDeviceGetUUID", handle)
        return card.slice.uuid if card.slice else card.gpu.uuid

    def nvmlDeviceGetMinorNumber(self, handle: Any) -> int:
        return self._card("nvmlDeviceGetMinorNumber", handle).index

    def nvmlDeviceGetName(self, handle: Any) -> str:
        card = self._card("nvmlDeviceGetName", handle)
        return f"{card.gpu.model.name} MIG {card.slice.profile}" if card.slice else card.gpu.model.name

    def nvmlDeviceGetArchitecture(self, device: Any) -> int:
        return self._card("nvmlDeviceGetArchitecture", device).gpu.model.architecture

    def nvmlDeviceGetMemoryInfo(self, handle: Any, version: int | None = None) -> Any:
        card = self._card("nvmlDeviceGetMemoryInfo_v2" if version else "nvmlDeviceGetMemoryInfo", handle)
        model = card.gpu.model
        total = (card.slice.memory_mib if card.slice else model.memory_mib) * _MIB
        reserved = 0 if card.slice else model.reserved_mib * _MIB
        used = int(level_at(card.work.used_bytes, self._clock()))
        if version:
            return pynvml.c_nvmlMemory_v2_t(version, total, reserved, total - reserved - used, used)
        return pynvml.c_nvmlMemory_t(total, total - reserved - used, used + reserved)

    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any:
        card = self._card("nvmlDeviceGetUtilizationRates", handle)
        require(not card.gpu.has_mig)
        return pynvml.c_nvmlUtilization_t(self._meter(card).busy_percent, 0)

    def nvmlDeviceGetPowerUsage(self, handle: Any) -> int:
        return self._meter(self._whole("nvmlDeviceGetPowerUsage", handle)).power_milliwatts

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any) -> int:
        return self._meter(self._whole("nvmlDeviceGetTotalEnergyConsumption", handle)).energy_millijoules

    def nvmlDeviceGetTemperatureV(self, handle: Any, sensor: int, version: int = pynvml.nvmlTemperature_v1) -> int:
        return self._meter(self._whole("nvmlDeviceGetTemperatureV", handle)).celsius

    def nvmlDeviceGetTemperature(self, handle: Any, sensor: int) -> int:
        return self._meter(self._whole("nvmlDeviceGetTemperature", handle)).celsius

    def nvmlDeviceGetClockInfo(self, handle: Any, type: int) -> int:  # noqa: A002
        model = self._whole("nvmlDeviceGetClockInfo", handle).gpu.model
        return {pynvml.NVML_CLOCK_SM: model.sm_megahertz, pynvml.NVML_CLOCK_MEM: model.memory_megahertz}[type]

    def nvmlDeviceGetTotalEccErrors(self, handle: Any, errorType: int, counterType: int) -> int:
        card = self._whole("nvmlDeviceGetTotalEccErrors", handle)
        return card.gpu.corrected_errors if errorType == pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED else 0

    def nvmlDeviceGetRemappedRows(self, device: Any) -> tuple[int, int, int, int]:
        card = self._whole("nvmlDeviceGetRemappedRows", device)
        require(card.gpu.model.has_row_remapping and not card.gpu.has_mig)
        return card.gpu.remapped_rows

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> Sequence[Any]:
        card = self._card("nvmlDeviceGetComputeRunningProcesses", handle)
        count = int(level_at(card.work.processes, self._clock()))
        instance = card.slice.instance if card.slice else 0xFFFFFFFF
        return [
            pynvml.nvmlStructToFriendlyObject(pynvml.c_nvmlProcessInfo_v2_t(4000 + number, _MIB, instance, 0xFFFFFFFF))
            for number in range(count)
        ]

    def nvmlDeviceGetFieldValues(self, handle: Any, fieldIds: Sequence[int | tuple[int, int]]) -> Any:
        card = self._whole("nvmlDeviceGetFieldValues", handle)
        values = (pynvml.c_nvmlFieldValue_t * len(fieldIds))()
        for entry, wanted in zip(values, fieldIds, strict=True):
            entry.fieldId, entry.scopeId = wanted if isinstance(wanted, tuple) else (wanted, 0)
            self._fill(entry, card)
        return values

    def nvmlDeviceGetMigMode(self, device: Any) -> list[int]:
        card = self._whole("nvmlDeviceGetMigMode", device)
        require(card.gpu.model.has_mig)
        return [int(card.gpu.has_mig), int(card.gpu.has_mig)]

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Any) -> int:
        return 7 if self._whole("nvmlDeviceGetMaxMigDeviceCount", device).gpu.model.has_mig else 0

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Any, index: int) -> Any:
        card = self._whole("nvmlDeviceGetMigDeviceHandleByIndex", device)
        if index >= len(card.gpu.slices):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return self._handle(Card(card.gpu, card.gpu.slices[index], card.index, card.opened_at))

    def nvmlDeviceGetGpuInstanceId(self, device: Any) -> int:
        return self._part("nvmlDeviceGetGpuInstanceId", device).instance

    def nvmlDeviceGetAttributes(self, device: Any) -> Any:
        part = self._part("nvmlDeviceGetAttributes_v2", device)
        return pynvml.c_nvmlDeviceAttributes(
            gpuInstanceSliceCount=part.compute_slices,
            computeInstanceSliceCount=part.compute_slices,
            memorySizeMB=part.memory_mib,
        )

    def nvmlGpmQueryDeviceSupport(self, device: Any) -> Any:
        card = self._whole("nvmlGpmQueryDeviceSupport", device)
        return pynvml.c_nvmlGpmSupport_t(pynvml.NVML_GPM_SUPPORT_VERSION, int(card.gpu.model.has_gpm))

    def nvmlGpmSampleAlloc(self) -> Any:
        self._open("nvmlGpmSampleAlloc")
        with self._lock:
            self._next_sample += 0x100
            self._samples[self._next_sample] = None
            return pointer(self._next_sample, pynvml.c_nvmlGpmSample_t)

    def nvmlGpmSampleGet(self, device: Any, gpmSample: Any) -> Any:
        card = self._whole("nvmlGpmSampleGet", device)
        require(card.gpu.model.has_gpm and not card.gpu.has_mig)
        return self._take(gpmSample, card.gpu, card.gpu.work)

    def nvmlGpmMigSampleGet(self, device: Any, gpuInstanceId: int, gpmSample: Any) -> Any:
        gpu = self._whole("nvmlGpmMigSampleGet", device).gpu
        require(gpu.model.has_gpm and gpu.has_mig)
        part = next((one for one in gpu.slices if one.instance == gpuInstanceId), None)
        if part is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return self._take(gpmSample, gpu, part.work)

    def nvmlGpmMetricsGet(self, metricsGet: Any) -> Any:
        self._open("nvmlGpmMetricsGet")
        if metricsGet.version != pynvml.NVML_GPM_METRICS_GET_VERSION:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH)
        before = self._samples.get(address(metricsGet.sample1))
        after = self._samples.get(address(metricsGet.sample2))
        if before is None or after is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        activity.fill(metricsGet, before, after, self._has_cycles)
        return metricsGet

    def nvmlGpmSampleFree(self, gpmSample: Any) -> None:
        self._open("nvmlGpmSampleFree")
        with self._lock:
            del self._samples[address(gpmSample)]

    def nvmlEventSetCreate(self) -> Any:
        self._open("nvmlEventSetCreate")
        return pointer(self._event_sets.create(), pynvml.c_nvmlEventSet_t)

    def nvmlDeviceRegisterEvents(self, handle: Any, eventTypes: int, eventSet: Any) -> None:
        card = self._whole("nvmlDeviceRegisterEvents", handle)
        if eventTypes & pynvml.nvmlEventTypeXidCriticalError:
            self._event_sets.register(address(eventSet), address(handle), card.gpu, self._clock())

    def nvmlEventSetWait_v2(self, eventSet: Any, timeoutms: int) -> Any:
        self._open("nvmlEventSetWait_v2")
        left = timeoutms / 1000
        while (due := self._event_sets.next(address(eventSet), self._clock())) is None:
            if left <= 0:
                raise pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)
            self._pause(min(left, _EVENT_TURN_SECONDS))
            left -= _EVENT_TURN_SECONDS
        handle, xid = due
        return pynvml.c_nvmlEventData_t(
            pointer(handle, pynvml.c_nvmlDevice_t),
            pynvml.nvmlEventTypeXidCriticalError,
            xid.code,
            pynvml.NVML_GPU_INSTANCE_ID_ANY if xid.instance is None else xid.instance,
            pynvml.NVML_GPU_INSTANCE_ID_ANY,
        )

    def nvmlEventSetFree(self, eventSet: Any) -> None:
        self._open("nvmlEventSetFree")
        self._event_sets.free(address(eventSet))

    def _meter(self, card: Card) -> Meter:
        now = self._clock()
        return Meter(card.gpu, self.machine.loaded_since(now), now)

    def _fill(self, entry: Any, card: Card) -> None:
        answer = self._meter(card).field(entry.fieldId)
        if entry.fieldId in self.machine.missing_fields:
            entry.nvmlReturn = pynvml.NVML_ERROR_INVALID_ARGUMENT
        elif answer is None:
            entry.nvmlReturn = pynvml.NVML_ERROR_NOT_SUPPORTED
        else:
            entry.valueType = answer.type
            setattr(entry.value, {1: "uiVal", 3: "ullVal"}[answer.type], answer.value)

    def _take(self, sample: Any, gpu: Gpu, work: Work) -> Any:
        taken = activity.Snapshot(work, self.machine.booted, self._clock(), gpu.model.sm_megahertz)
        with self._lock:
            self._samples[address(sample)] = taken
        return sample

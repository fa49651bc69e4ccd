"""One NVIDIA device as a source: itself, and its MIG instances where it has any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporters.canonical import device
from exporters.metric import Metric, Sample
from exporters.source import SourceFailed
from exporters.sources.nvidia import mig, readings
from exporters.sources.nvidia.asking import Asking, DeviceLost
from exporters.sources.nvidia.driver import Driver
from exporters.sources.nvidia.faults import FaultBook
from exporters.sources.nvidia.gpm import Gpm
from exporters.sources.nvidia.meters import Meters
from exporters.sources.nvidia.nvml import Handle, Nvml, address_of
from exporters.sources.nvidia.watch import Standing, Watch

_BACK_OFF_SECONDS = 60.0  # a lost device answers each call slowly, if at all


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is found: NVML's handle and index of it, valid for one opening of the library."""

    uuid: str
    handle: Handle
    index: int
    minor: int | None  # /dev/nvidia<minor>
    generation: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """What has memory and activity of its own: a whole device, or one MIG instance."""

    mig: str
    profile: str
    handles: tuple[Handle, ...]
    device: Handle  # the whole device that it is, or is a part of


class Gpu:
    """Reads one device. `attach` may be called from another thread; a reading keeps the place that it began with."""

    metrics: tuple[Metric, ...] = (
        device.accelerator_info,
        device.gpm_info,
        device.busy_ratio,
        device.compute_active_ratio,
        device.memory_active_ratio,
        device.sm_active_ratio,
        device.memory_used_bytes,
        device.memory_total_bytes,
        device.power_watts,
        device.energy_joules_total,
        device.temperature_celsius,
        device.clock_hertz,
        device.throttled_seconds_total,
        device.ecc_errors_total,
        device.remapped_rows,
        device.row_remap_pending,
        device.row_remap_failed,
        device.interconnect_bytes_total,
        device.processes,
    )

    def __init__(
        self, driver: Driver, place: Place, watch: Watch, faults: FaultBook, node: str, now: Callable[[], float]
    ) -> None:
        self._driver, self._place, self._watch, self._faults = driver, place, watch, faults
        self._node, self._now = node, now
        self._asking: Asking | None = None
        self._asked_of: tuple[int, int] | None = None  # generation and handle that `_asking` knows
        self._has_mig = False
        self._gpm: dict[str, Gpm] = {}
        self._meters = Meters(place.uuid)
        self._lost: tuple[float, str] | None = None  # when it was last found to be, and what is said of it
        self.mig_devices: dict[str, str] = {}  # NVML's MIG UUID -> number of its GPU instance

    def attach(self, place: Place) -> None:
        """The device was listed at this place."""
        self._place = place

    def free(self) -> None:
        """Gives back what the library lent; nobody may be reading."""
        for gpm in self._gpm.values():
            gpm.free()
        self._gpm.clear()

    def read(self) -> list[Sample]:
        place, at = self._place, self._now()
        self._hold_back(place, at)
        with self._driver.lent() as nvml:
            if place.generation != self._driver.generation:
                raise SourceFailed(f"{place.uuid}: NVML was opened again; the device answers once it is listed")
            self._watch.asked_at = at
            try:
                return self._read(nvml, place, at)
            finally:
                self._watch.asked_at = None

    def _hold_back(self, place: Place, at: float) -> None:
        """Says the same again, without a call, while it is not time to ask a lost device."""
        if self._lost is None or self._asked_of != (place.generation, address_of(place.handle)):
            return
        lost_at, text = self._lost
        if at - lost_at < _BACK_OFF_SECONDS:
            raise SourceFailed(text)

    def _read(self, nvml: Nvml, place: Place, at: float) -> list[Sample]:
        who = f"{place.uuid} (index {place.index})"
        try:
            asking = self._asking_at(nvml, place)
            samples = list(self._samples(asking, place))
            asking.conclude()
        except DeviceLost as error:
            self.free()
            self._lost = at, f"{who} is lost: {error}; drain the node, then reset the device or replace the node"
            self._watch.standing = Standing.LOST
            raise SourceFailed(self._lost[1]) from error
        except SourceFailed as error:
            self._watch.standing = Standing.FAILS
            raise SourceFailed(f"{who}: {error}") from error
        self._answered(place, at)
        self._watch.identity = tuple(one for one in samples if one.metric is device.accelerator_info)
        return samples

    def _answered(self, place: Place, at: float) -> None:
        self._lost = None
        if self._meters.has_restarted:
            self._faults.reset(place.uuid)
        self._watch.standing = Standing.ANSWERS
        self._watch.recovery_action, self._watch.judged_at = self._meters.recovery_action, at

    def _asking_at(self, nvml: Nvml, place: Place) -> Asking:
        """What the device refused is forgotten with its handle, and when MIG is switched."""
        key = place.generation, address_of(place.handle)
        if self._asking is None or self._asked_of != key:
            self._asking, self._asked_of = Asking(nvml, self._now), key
            self._gpm.clear()
        has_mig = mig.is_mig_on(self._asking, place.handle, self._has_mig)
        if has_mig != self._has_mig:
            self.free()
            self._asking, self._has_mig = Asking(nvml, self._now), has_mig
        return self._asking

    def _samples(self, asking: Asking, place: Place) -> Iterator[Sample]:
        model = asking.ask("name", lambda: asking.nvml.nvmlDeviceGetName(place.handle)) or ""
        units = self._units(asking, place)
        for unit in units:
            yield self._info(place, unit, model)
            yield from self._unit_samples(asking, place.uuid, unit)
        yield from self._gpm_info(place.uuid)
        if not self._has_mig:
            yield from readings.busy(asking, place.handle, place.uuid, self._now())
        yield from self._meters.read(asking, place.handle, self._now())
        yield from readings.board(asking, place.handle, place.uuid, self._now())

    def _units(self, asking: Asking, place: Place) -> list[_Unit]:
        whole = [_Unit("", "", (place.handle,), place.handle)]
        if not self._has_mig:
            self.mig_devices, self._gpm = {}, {key: gpm for key, gpm in self._gpm.items() if not key}
            return whole
        size = readings.memory(asking, place.handle, "the device")
        instances = mig.instances_of(asking, place.handle, size[1] if size else None)
        self.mig_devices = {uuid: one.mig for one in instances for uuid in one.uuids}
        self._forget({one.mig for one in instances})
        return [_Unit(one.mig, one.profile, one.handles, place.handle) for one in instances] or whole

    def _forget(self, kept: set[str]) -> None:
        for key in self._gpm.keys() - kept:
            self._gpm.pop(key).free()

    def _unit_samples(self, asking: Asking, uuid: str, unit: _Unit) -> Iterator[Sample]:
        ids = {"uuid": uuid, "mig": unit.mig}
        what = f"instance {unit.mig}" if unit.mig else "the device"
        if (bytes_used := readings.memory(asking, unit.handles[0], what)) is not None:
            used, total = bytes_used
            yield device.memory_used_bytes.sample(used, self._now(), **ids)
            yield device.memory_total_bytes.sample(total, self._now(), **ids)
        if (count := readings.processes(asking, unit.handles, what)) is not None:
            yield device.processes.sample(count, self._now(), **ids)
        for metric, ratio in self._gpm_of(asking, unit).ratios().items():
            yield metric.sample(ratio, self._now(), **ids)

    def _gpm_of(self, asking: Asking, unit: _Unit) -> Gpm:
        if unit.mig not in self._gpm:
            instance = int(unit.mig) if unit.mig else None
            self._gpm[unit.mig] = Gpm(asking, unit.device, instance)
        return self._gpm[unit.mig]

    def _gpm_info(self, uuid: str) -> Iterator[Sample]:
        """One for the device: its instances share their fate."""
        if self._gpm and (state := next(iter(self._gpm.values())).state) is not None:
            yield device.gpm_info.sample(1, self._now(), uuid=uuid, state=state)

    def _info(self, place: Place, unit: _Unit, model: str) -> Sample:
        return device.accelerator_info.sample(
            1,
            self._now(),
            uuid=place.uuid,
            mig=unit.mig,
            mig_profile=unit.profile,
            index=str(place.index),
            model=model,
            node=self._node,
            target_node="",
            instance="",
            exporter_namespace="",
            exporter_pod="",
        )

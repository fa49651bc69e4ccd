"""Finds the NVIDIA devices of a node, and finds them again after a reset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exporters.source import Source, SourceFailed
from exporters.sources.nvidia.driver import Driver
from exporters.sources.nvidia.faults import FaultBook
from exporters.sources.nvidia.gpu import Gpu, Place
from exporters.sources.nvidia.node import NodeOfDevices, View
from exporters.sources.nvidia.nvml import CLOSED, Handle, Nvml, address_of, code_of
from exporters.sources.nvidia.watch import Watch
from exporters.sources.nvidia.xids import Xids

# Between two searches for devices that went away. Each costs the others one reading, so they become rarer.
_SEARCH_SECONDS, _SELDOM_SECONDS = 300.0, 3600.0
_WAITING_SHARE = 0.8  # of an interval, for faults; the rest is for the reading to end before the next is due


@dataclass(frozen=True, slots=True)
class _Known:
    """A device that was read at least as far as its name."""

    gpu: Gpu
    watch: Watch


class Nvidia:
    """The sources `nvidia` (the node), `nvidia/xid`, and `nvidia/GPU-...` for each device that the driver lists."""

    name = "nvidia"

    def __init__(self, load: Callable[[], Nvml], node: str, interval_seconds: float, now: Callable[[], float]) -> None:
        self._driver = Driver(load)
        self._node, self._now = node, now
        self._faults = FaultBook()
        self._known: dict[str, _Known] = {}
        self._places: tuple[Place, ...] = ()
        self._names: dict[int, Place] = {}  # by the address of the handle
        self._view = View((), 0, "")
        self._search_at, self._pause_seconds = 0.0, _SEARCH_SECONDS
        self._whole = NodeOfDevices(node, interval_seconds, self._faults, lambda: self._view, now)
        wait_seconds = _WAITING_SHARE * interval_seconds
        self._xids = Xids(self._driver, self._faults, lambda: self._places, wait_seconds, now)

    def sources(self) -> dict[str, Source]:
        """Raises `SourceAbsent` without NVIDIA's library, `SourceFailed` while the driver is not loaded."""
        nvml = self._driver.open()
        self._look(nvml)
        if self._is_time_to_search() and self._driver.reopen(self._free):
            self._look(self._driver.open())
        found: dict[str, Source] = {self.name: self._whole}
        if self._places:
            found[f"{self.name}/xid"] = self._xids
        return found | {f"{self.name}/{place.uuid}": self._known[place.uuid].gpu for place in self._places}

    def mig_of(self, uuid: str) -> tuple[str, str] | None:
        """UUID of the device and number of the GPU instance of `MIG-...`, from the last reading of the device."""
        for place in self._places:
            if (number := self._known[place.uuid].gpu.mig_devices.get(uuid)) is not None:
                return place.uuid, number
        return None

    def gpu_of(self, minor: int) -> str | None:
        """UUID of the device behind /dev/nvidia<minor>."""
        return next((place.uuid for place in self._places if place.minor == minor), None)

    def _look(self, nvml: Nvml) -> None:
        """Lists the devices. Those that are known already are not asked: one that hangs must not hold up the rest."""
        try:
            places = tuple(self._listed(nvml))
            version = nvml.nvmlSystemGetDriverVersion()
        except nvml.NVMLError as error:
            if code_of(error) not in CLOSED:
                raise SourceFailed(f"NVIDIA devices cannot be listed: {error}; it is tried again") from error
            self._driver.close()
            self._take((), "")
            raise SourceFailed("the NVIDIA driver was unloaded; NVML is opened again at the next look") from error
        self._take(places, version)

    def _listed(self, nvml: Nvml) -> Iterator[Place]:
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                yield self._place(nvml, handle, index)
            except nvml.NVMLError as error:
                if code_of(error) in CLOSED:
                    raise
                # It does not say who it is: if it was here before, it is missing from now on.

    def _place(self, nvml: Nvml, handle: Handle, index: int) -> Place:
        key, generation = address_of(handle), self._driver.generation
        known = self._names.get(key)
        if known is None or (known.generation, known.index) != (generation, index):
            uuid = nvml.nvmlDeviceGetUUID(handle)
            known = self._names[key] = Place(uuid, handle, index, _minor(nvml, handle), generation)
        return known

    def _take(self, places: tuple[Place, ...], version: str) -> None:
        """From now on these are the devices."""
        for place in places:
            self._attach(place)
        listed = {place.uuid for place in places}
        for uuid, known in self._known.items():
            known.watch.is_listed = uuid in listed
        self._places = places
        most = max(self._view.most, len(places))
        self._view = View(tuple(known.watch for known in self._known.values()), most, version)

    def _attach(self, place: Place) -> None:
        known = self._known.get(place.uuid)
        if known is None:
            watch = Watch(place.uuid)
            gpu = Gpu(self._driver, place, watch, self._faults, self._node, self._now)
            self._known[place.uuid] = _Known(gpu, watch)
        else:
            known.gpu.attach(place)

    def _is_time_to_search(self) -> bool:
        """Whether the library is to be opened anew, to find devices that are away: a while after the loss."""
        if not any(watch.is_away for watch in self._view.watches):
            self._search_at = self._now() + _SEARCH_SECONDS
            self._pause_seconds = _SEARCH_SECONDS
            return False
        if self._now() < self._search_at:
            return False
        self._search_at = self._now() + self._pause_seconds
        self._pause_seconds = min(2 * self._pause_seconds, _SELDOM_SECONDS)
        return True

    def _free(self) -> None:
        for known in self._known.values():
            known.gpu.free()


def _minor(nvml: Nvml, handle: Handle) -> int | None:
    try:
        return nvml.nvmlDeviceGetMinorNumber(handle)
    except nvml.NVMLError:
        return None

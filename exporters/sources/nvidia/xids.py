"""Faults (Xid) as the driver reports them: pushed, so that the same number twice is two."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from exporters.canonical import device
from exporters.metric import Metric, Sample
from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.nvidia.driver import Driver
from exporters.sources.nvidia.faults import Fault, FaultBook
from exporters.sources.nvidia.gpu import Place
from exporters.sources.nvidia.nvml import (
    LOST,
    NEVER,
    NO_INSTANCE,
    TIMEOUT,
    XID_EVENT,
    Nvml,
    address_of,
    code_of,
)

_TURN_SECONDS = 1.0  # so long the library is held at a time; less than Driver waits for its return


class Xids:
    """Waits for faults during each reading, so that they are dated when they come. What came before the exporter
    started, or while it did not wait for events, is not known."""

    metrics: tuple[Metric, ...] = (device.faults_total, device.last_fault_seconds)

    def __init__(
        self,
        driver: Driver,
        faults: FaultBook,
        places: Callable[[], tuple[Place, ...]],
        wait_seconds: float,
        now: Callable[[], float],
    ) -> None:
        self._driver, self._faults, self._places, self._now = driver, faults, places, now
        self._wait_seconds = wait_seconds
        self._has_answered = False
        self._events: Any = None
        self._armed_for: tuple[Place, ...] = ()
        self._uuids: dict[int, str] = {}

    def read(self) -> list[Sample]:
        self._turn(0.0)
        if self._has_answered:  # the first reading does not wait: that faults can be known is said at once
            self._wait()
        self._has_answered = True
        return list(self._faults.samples(self._now()))

    def _wait(self) -> None:
        """In turns, so that the library can be reopened. Turns are counted: the wall clock may be set meanwhile."""
        turns, rest = divmod(self._wait_seconds, _TURN_SECONDS)
        for seconds in (*[_TURN_SECONDS] * int(turns), rest):
            if self._driver.is_wanted_back:
                return
            self._turn(seconds)

    def _turn(self, seconds: float) -> None:
        with self._driver.lent() as nvml:
            self._arm(nvml)
            while (fault := self._next(nvml, seconds)) is not None:
                self._faults.add(fault, self._now())
                seconds = 0.0

    def _next(self, nvml: Nvml, seconds: float) -> Fault | None:
        try:
            while True:
                event = nvml.nvmlEventSetWait_v2(self._events, round(seconds * 1000))
                if event.eventType & XID_EVENT and (uuid := self._uuids.get(address_of(event.device))):
                    return _fault(uuid, event)
        except nvml.NVMLError as error:
            if code_of(error) == TIMEOUT:
                return None
            self._disarm(nvml)
            if code_of(error) in LOST:
                return None  # the others are awaited without it from the next turn on
            raise SourceFailed(f"waiting for faults (Xid): {error}; it is tried again") from error

    def _arm(self, nvml: Nvml) -> None:
        """Asks for the faults of the devices that are there now."""
        places = self._places()
        if self._events is not None and self._armed_for == places:
            return
        if self._events is not None and _generations(self._armed_for) == {self._driver.generation}:
            self._disarm(nvml)
        self._armed_for, self._events = (), None
        if not places or _generations(places) != {self._driver.generation}:
            raise SourceFailed("faults (Xid) are awaited once devices are listed")
        self._register(nvml, places)

    def _register(self, nvml: Nvml, places: tuple[Place, ...]) -> None:
        try:
            events = nvml.nvmlEventSetCreate()
        except nvml.NVMLError as error:
            if code_of(error) in NEVER:
                raise SourceAbsent(f"the driver reports no faults (Xid): {error}") from error
            raise SourceFailed(f"faults (Xid) cannot be awaited: {error}; it is tried again") from error
        refusals = [code for place in places if (code := _refusal(nvml, place, events))]
        self._events, self._uuids = events, {address_of(place.handle): place.uuid for place in places}
        if len(refusals) < len(places):
            self._armed_for = places
            return
        self._disarm(nvml)
        if all(code in NEVER for code in refusals):
            raise SourceAbsent("no device here reports faults (Xid)")
        raise SourceFailed(f"no device lets faults (Xid) be awaited (NVML errors {sorted(set(refusals))})")

    def _disarm(self, nvml: Nvml) -> None:
        events, self._events, self._armed_for = self._events, None, ()
        try:
            nvml.nvmlEventSetFree(events)
        except nvml.NVMLError:
            return  # the library has forgotten it already


def _refusal(nvml: Nvml, place: Place, events: Any) -> int:
    """NVML's number for why this device's faults are not reported; 0 when they are."""
    try:
        nvml.nvmlDeviceRegisterEvents(place.handle, XID_EVENT, events)
    except nvml.NVMLError as error:
        return code_of(error)
    return 0


def _fault(uuid: str, event: Any) -> Fault:
    mig = "" if event.gpuInstanceId == NO_INSTANCE else str(event.gpuInstanceId)
    return Fault(uuid, mig, int(event.eventData))


def _generations(places: Iterable[Place]) -> set[int]:
    return {place.generation for place in places}

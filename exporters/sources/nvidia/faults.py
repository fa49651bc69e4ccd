"""Faults (Xid) as counters: how often each number came, when last, and which devices a fatal one has taken out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import NamedTuple

from exporters.canonical import device
from exporters.canonical.xids import FATAL_XIDS
from exporters.metric import Sample


class Fault(NamedTuple):
    """One kind of fault of one device; `mig` is the GPU instance that it hit, empty for the whole device."""

    uuid: str
    mig: str
    code: int


class FaultBook:
    """Every fault since the exporter started. A number that never came is not in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Fault, int] = {}
        self._last_at: dict[Fault, float] = {}
        self._fatal_at: dict[str, float] = {}

    def add(self, fault: Fault, at: float) -> None:
        with self._lock:
            self._counts[fault] = self._counts.get(fault, 0) + 1
            self._last_at[fault] = at
            if fault.code in FATAL_XIDS:
                self._fatal_at[fault.uuid] = at

    def fatal_at(self, uuid: str) -> float | None:
        """When the last fatal fault came since the device was last reset."""
        with self._lock:
            return self._fatal_at.get(uuid)

    def reset(self, uuid: str) -> None:
        """The device was reset: what took it out of service is over; the counts stay."""
        with self._lock:
            self._fatal_at.pop(uuid, None)

    def samples(self, at: float) -> Iterator[Sample]:
        with self._lock:
            rows = [(fault, count, self._last_at[fault]) for fault, count in self._counts.items()]
        for (uuid, mig, code), count, last_at in rows:
            labels = {"uuid": uuid, "mig": mig, "code": str(code)}
            yield device.faults_total.sample(count, at, **labels)
            yield device.last_fault_seconds.sample(last_at, at, **labels)

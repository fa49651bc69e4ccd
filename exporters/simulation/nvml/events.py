"""Event sets of the simulated library: faults wait in a set until somebody takes them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

import pynvml

from exporters.simulation.nvml.machine import Gpu, Xid

_SETS_AT = 0x1000000


@dataclass(slots=True)
class _Set:
    """Cards by handle; `since` is the time up to which the faults of each have been queued."""

    cards: dict[int, Gpu] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)
    queued: deque[tuple[int, Xid]] = field(default_factory=deque)


class EventSets:
    """All sets, by number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sets: dict[int, _Set] = {}
        self._made = 0

    def create(self) -> int:
        with self._lock:
            self._made += 1
            number = _SETS_AT + 0x100 * self._made
            self._sets[number] = _Set()
            return number

    def register(self, number: int, handle: int, gpu: Gpu, now: float) -> None:
        """From now on this card's faults come into the set; earlier ones do not."""
        with self._lock:
            one = self._set(number)
            one.cards[handle], one.since[handle] = gpu, now

    def next(self, number: int, now: float) -> tuple[int, Xid] | None:
        """The next fault and its card's handle; None where none is waiting."""
        with self._lock:
            one = self._set(number)
            for handle, gpu in one.cards.items():
                due = [xid for xid in gpu.faults if one.since[handle] < xid.at <= now]
                one.queued.extend((handle, xid) for xid in due)
                one.since[handle] = now
            return one.queued.popleft() if one.queued else None

    def free(self, number: int) -> None:
        with self._lock:
            del self._sets[number]

    def _set(self, number: int) -> _Set:
        if number not in self._sets:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return self._sets[number]

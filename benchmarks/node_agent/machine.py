"""The node of this benchmark: eight simulated H100 that are busy, fail and vanish, and what their answers cost."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from exporters.simulation.nvml.cards import H100
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Gpu, Machine, Xid
from exporters.simulation.nvml.work import Work, always
from exporters.simulation.steps import Span, Steps

UUIDS = tuple(f"GPU-{uuid.UUID(int=0xA100_0000_0000_0000 << 64 | number)}" for number in range(8))
HANGS, VANISHES = UUIDS[1], UUIDS[2]
_XIDS = (13, 31, 43, 45, 63, 94)
_XID_SECONDS = 20.0
_TURN_SECONDS = 45.0  # between two changes of what a card does
_LOST_AFTER, _LOST_EVERY, _LOST_SECONDS = 400.0, 900.0, 60.0
_LONGEST_SECONDS = 4 * 3600.0


def simulated(start: float, has_faults: bool) -> SimulatedNvml:
    """The library of a node whose script begins at `start` and lasts four hours."""
    gpus = tuple(_gpu(number, start, has_faults) for number in range(len(UUIDS)))
    return SimulatedNvml(Machine(gpus, start - 3600))


def _gpu(number: int, start: float, has_faults: bool) -> Gpu:
    turns = int(_LONGEST_SECONDS / _TURN_SECONDS)
    levels = [((number * 7 + turn * 13) % 20) / 20 for turn in range(turns)]
    steps = Steps.spans(
        (start + turn * _TURN_SECONDS, start + (turn + 1) * _TURN_SECONDS, level) for turn, level in enumerate(levels)
    )
    work = Work(steps, steps, steps, steps, always(40_000.0 * 2**20), always(1.0))
    faults = [
        Xid(start + turn * _XID_SECONDS, _XIDS[turn % len(_XIDS)])
        for turn in range(1, int(_LONGEST_SECONDS / _XID_SECONDS))
        if turn % len(UUIDS) == number
    ]
    lost = [
        Span(start + after, start + after + _LOST_SECONDS)
        for after in range(int(_LOST_AFTER), int(_LONGEST_SECONDS), int(_LOST_EVERY))
    ]
    return Gpu(
        UUIDS[number],
        H100,
        work,
        faults=tuple(faults) if has_faults else (),
        lost=tuple(lost) if has_faults and UUIDS[number] == VANISHES else (),
    )


class Timed:
    """The simulated library, with the CPU seconds that its own answers took: no real driver would take them here."""

    def __init__(self, nvml: SimulatedNvml) -> None:
        self._nvml = nvml
        self._seconds: defaultdict[int, float] = defaultdict(float)  # by thread

    @property
    def cpu_seconds(self) -> float:
        return sum(list(self._seconds.values()))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._nvml, name)
        if name.startswith("nvml"):
            found = self._timed(found)
            setattr(self, name, found)
        return found

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            before = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                self._seconds[threading.get_ident()] += time.thread_time() - before

        return call

"""The simulated library's opening: what a handle stands for, and everything that may go wrong with a call."""

from __future__ import annotations

import ctypes
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pynvml

from exporters.simulation.nvml.machine import Gpu, Machine, Slice
from exporters.simulation.nvml.work import Work
from exporters.simulation.steps import Span

_HANDLES_AT = 0x10000


@dataclass(frozen=True, slots=True)
class Card:
    """What a handle stands for: a card, or a MIG device of it, as seen by one opening of the library."""

    gpu: Gpu
    slice: Slice | None
    index: int
    opened_at: float

    @property
    def work(self) -> Work:
        return self.slice.work if self.slice else self.gpu.work


class Opening:
    """Opens and closes, lists the cards, resolves handles, hangs and refuses. Counts calls by function."""

    def __init__(self, machine: Machine, clock: Callable[[], float]) -> None:
        self.machine = machine
        self.calls: Counter[str] = Counter()
        self._clock = clock
        self._lock = threading.Lock()
        self._opened_at: float | None = None
        self._cards: dict[int, Card] = {}
        self._numbers: dict[tuple[float, str], int] = {}
        self._hung: dict[str, threading.Event] = {}

    def hang(self, uuid: str) -> None:
        """From now on every call for this card blocks."""
        self._hung[uuid] = threading.Event()

    def release(self, uuid: str) -> None:
        """Lets the blocked calls go on."""
        self._hung.pop(uuid).set()

    def _open(self, function: str) -> float:
        """When the library was opened; raises what the real one raises where it cannot answer at all."""
        self.calls[function] += 1
        if function in self.machine.missing:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        now = self._clock()
        if not self.machine.is_loaded(now):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
        if self._opened_at is None or self.machine.loaded_since(now) > self._opened_at:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_UNINITIALIZED)
        return self._opened_at

    def _visible(self, opened_at: float) -> list[Gpu]:
        return [gpu for gpu in self.machine.gpus if not _is_lost(gpu, opened_at, opened_at)]

    def _handle(self, card: Card) -> Any:
        key = card.opened_at, card.slice.uuid if card.slice else card.gpu.uuid
        with self._lock:
            number = self._numbers.setdefault(key, _HANDLES_AT + 0x100 * len(self._numbers))
            self._cards[number] = card
        return pointer(number, pynvml.c_nvmlDevice_t)

    def _card(self, function: str, handle: Any) -> Card:
        """What the handle stands for, after everything that may go wrong with a call has been tried."""
        opened_at = self._open(function)
        card = self._cards.get(address(handle))
        if card is None or card.opened_at != opened_at:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        if (hung := self._hung.get(card.gpu.uuid)) is not None:
            hung.wait()
        if _is_lost(card.gpu, opened_at, self._clock()):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        if function in self.machine.forbidden:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
        return card

    def _whole(self, function: str, handle: Any) -> Card:
        card = self._card(function, handle)
        require(card.slice is None)
        return card

    def _part(self, function: str, handle: Any) -> Slice:
        card = self._card(function, handle)
        if card.slice is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return card.slice


def _is_lost(gpu: Gpu, opened_at: float, now: float) -> bool:
    """Whether it fell off the bus since the library was opened: that opening never sees it again."""
    return any(_meets(span, opened_at, now) for span in gpu.lost)


def _meets(span: Span, start: float, end: float) -> bool:
    return span.start <= end and start < span.end


def require(is_supported: bool) -> None:
    """Refuses what this card does not have."""
    if not is_supported:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


def pointer(number: int, kind: Any) -> Any:
    """A pointer as the library hands out, to nothing."""
    return kind.from_buffer(ctypes.c_void_p(number))


def address(of: Any) -> int:
    """The number that a pointer was made from."""
    return ctypes.c_void_p.from_buffer(of).value or 0

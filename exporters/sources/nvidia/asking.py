"""Asks one device one thing at a time, and remembers what it will never answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from exporters.source import SourceFailed
from exporters.sources.nvidia.nvml import CLOSED, LOST, NEVER, NO_PERMISSION, Nvml, code_of

T = TypeVar("T")

_PERMISSION_RETRY_SECONDS = 600.0  # a privilege may be granted later, but rarely


class DeviceLost(SourceFailed):
    """The device fell off the bus, or waits for a reset."""


class Asking:
    """What one device answers, as long as neither its handle nor its MIG mode changes."""

    def __init__(self, nvml: Nvml, now: Callable[[], float]) -> None:
        self.nvml = nvml
        self._now = now
        self._never: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._answers = 0
        self._last_error = ""

    def ask(self, what: str, call: Callable[[], T]) -> T | None:
        """The answer; None where there is none. Raises `SourceFailed` where further questions are in vain."""
        if not self.is_open(what):
            return None
        try:
            answer = call()
        except self.nvml.NVMLError as error:
            self.refused(what, code_of(error), str(error))
            return None
        self._answers += 1
        self._not_before.pop(what, None)
        return answer

    def is_open(self, what: str) -> bool:
        """Whether it makes sense to ask for it now."""
        return what not in self._never and self._not_before.get(what, 0.0) <= self._now()

    def refused(self, what: str, code: int, text: str = "") -> None:
        """Takes note of a refusal, by NVML's number of it."""
        text = text or f"NVML error {code}"
        if code in LOST:
            raise DeviceLost(f"{what}: {text}")
        if code in CLOSED:
            raise SourceFailed(f"{what}: {text}; NVML is opened again when devices are looked for next")
        if code in NEVER:
            self._never.add(what)
        elif code == NO_PERMISSION:
            self._not_before[what] = self._now() + _PERMISSION_RETRY_SECONDS
        self._last_error = f"{what}: {text}"

    def never(self, what: str) -> None:
        self._never.add(what)

    def is_never(self, what: str) -> bool:
        return what in self._never

    def is_forbidden(self, what: str) -> bool:
        return what in self._not_before

    def conclude(self) -> None:
        """Raises `SourceFailed` where nothing was answered since the last conclusion."""
        answers, self._answers = self._answers, 0
        if not answers:
            raise SourceFailed(f"the device answers nothing; last, {self._last_error or 'nothing was left to ask'}")

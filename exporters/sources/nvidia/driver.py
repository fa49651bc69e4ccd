"""NVML, opened once for the whole process, and opened anew when devices must be looked for again.

A device that fell off the bus and was reset is seen only by a library that was opened after that. Opening anew while
another thread is inside a call would pull the library from under it, so the threads say when they are inside. No lock
is held during a call: who comes while the library is reopened is refused, and a call that hangs only postpones it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exporters.source import SourceAbsent, SourceFailed
from exporters.sources.nvidia.nvml import (
    DRIVER_NOT_LOADED,
    LIBRARY_MISMATCH,
    LIBRARY_NOT_FOUND,
    Nvml,
    code_of,
)

_PATIENCE_SECONDS = 3.0  # longer than anybody waits for events at a time

_REMEDIES = {
    DRIVER_NOT_LOADED: "the NVIDIA driver is not loaded: load it; this is tried again",
    LIBRARY_MISMATCH: "library and kernel module of the NVIDIA driver differ in version: restart this exporter with"
    " the new library, or the node",
}


class Driver:
    """Opens and closes NVML, and lends it to threads."""

    def __init__(self, load: Callable[[], Nvml]) -> None:
        self._load = load
        self._nvml: Nvml | None = None
        self._door = threading.Condition()
        self._inside = 0
        self._reopening = False
        self.generation = 0  # handles live as long as this number stays

    @property
    def is_wanted_back(self) -> bool:
        """Whether the library is to be reopened: who waits for events inside a call should come out."""
        return self._reopening

    def open(self) -> Nvml:
        """The library, opened if it was not; raises `SourceAbsent` without the library, `SourceFailed` otherwise."""
        if self._nvml is None:
            nvml = self._imported()
            _initialise(nvml)
            self._nvml = nvml
            self.generation += 1
        return self._nvml

    def close(self) -> None:
        """Forgets an opening that the driver has ended."""
        self._nvml = None

    @contextmanager
    def lent(self) -> Iterator[Nvml]:
        """The library for some calls; raises `SourceFailed` while it is not open."""
        with self._door:
            nvml = self._nvml
            if nvml is None or self._reopening:
                raise SourceFailed("NVML is being opened: devices answer again at the next reading")
            self._inside += 1
        try:
            yield nvml
        finally:
            with self._door:
                self._inside -= 1
                self._door.notify_all()

    def reopen(self, before: Callable[[], None]) -> bool:
        """Opens the library anew if every thread comes out soon; `before` frees what belongs to the old opening."""
        with self._door:
            self._reopening = True
            is_empty = self._door.wait_for(lambda: self._inside == 0, _PATIENCE_SECONDS)
        try:
            if is_empty and self._nvml is not None:
                before()
                _shut_down(self._nvml)
                self._nvml = None
                self.open()
        finally:
            self._reopening = False
        return is_empty

    def _imported(self) -> Nvml:
        try:
            return self._load()
        except ImportError as error:
            raise SourceAbsent("the package nvidia-ml-py is not installed: install gpuyield[node]") from error


def _initialise(nvml: Nvml) -> None:
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        code = code_of(error)
        if code == LIBRARY_NOT_FOUND:
            raise SourceAbsent("libnvidia-ml.so.1 is not here: this node has no NVIDIA driver") from error
        raise SourceFailed(_REMEDIES.get(code, f"NVML cannot be opened: {error}")) from error


def _shut_down(nvml: Nvml) -> None:
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError as error:
        raise SourceFailed(f"NVML cannot be closed to look for devices again: {error}") from error

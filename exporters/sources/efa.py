"""Elastic Fabric Adapters: the counters that the driver shows, whichever they are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from exporters.canonical import efa
from exporters.metric import Metric, Sample
from exporters.source import Source, SourceAbsent, SourceFailed

_DEVICES = Path("class/infiniband")
_AMAZON = "0x1d0f"
_EFA = "0xefa"  # the device id begins so, in every generation
_SETTINGS = frozenset({"lifespan"})  # stands among the counters and is an update interval


class EfaSettings(Protocol):
    """What is needed of the agent's settings."""

    @property
    def node_name(self) -> str: ...

    @property
    def sysfs(self) -> Path: ...


class EfaDevice:
    """One adapter. Reading its counters asks the device, so each adapter is a source of its own."""

    def __init__(self, folder: Path, node: str) -> None:
        self._folder = folder
        self._node = node
        self._seen: dict[str, Metric] = dict(efa.KNOWN)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (efa.efa_info, *self._seen.values())

    def read(self) -> Iterable[Sample]:
        """All counters that can be read now; `port` is empty for those of the whole device."""
        at = time.time()
        found = [
            metric.sample(value, at, device=self._folder.name, port=port)
            for port, counters in self._counter_folders()
            for metric, value in self._counters(counters)
        ]
        if not found:
            raise SourceFailed(f"{self._folder} shows no counter that can be read: is the EFA driver still loaded?")
        return [efa.efa_info.sample(1, at, device=self._folder.name, node=self._node), *found]

    def _counter_folders(self) -> Iterator[tuple[str, Path]]:
        """Older kernels show the control path by port, newer ones by device."""
        yield "", self._folder / "hw_counters"
        for port in _names(self._folder / "ports"):
            yield port, self._folder / "ports" / port / "hw_counters"

    def _counters(self, folder: Path) -> Iterator[tuple[Metric, int]]:
        for name in _names(folder):
            if name in _SETTINGS:
                continue
            metric = efa.metric_of(name)
            value = _number(folder / name)
            if metric is not None and value is not None:
                self._seen[name] = metric
                yield metric, value


class EfaRoster:
    """The adapters of this node; other RDMA devices are left to others."""

    name = "efa"

    def __init__(self, settings: EfaSettings) -> None:
        self._settings = settings
        self._devices: dict[str, EfaDevice] = {}

    def sources(self) -> Mapping[str, Source]:
        folder = self._settings.sysfs / _DEVICES
        names = [name for name in _names(folder) if _is_efa(folder / name)]
        if not names and not self._devices:
            raise SourceAbsent(f"no Elastic Fabric Adapter in {folder}")
        for name in names:
            if name not in self._devices:
                self._devices[name] = EfaDevice(folder / name, self._settings.node_name)
        return {f"efa/{name}": self._devices[name] for name in names}


def make_roster(settings: EfaSettings) -> EfaRoster:
    """The Elastic Fabric Adapters of this node."""
    return EfaRoster(settings)


def _is_efa(folder: Path) -> bool:
    vendor, kind = _text(folder / "device/vendor"), _text(folder / "device/device")
    return vendor.lower() == _AMAZON and kind.lower().startswith(_EFA)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text.isdecimal() else None

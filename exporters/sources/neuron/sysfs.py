"""Neuron devices read from the driver's files, where neuron-monitor is not installed.

The files are opened for reading and nothing else: writing to a counter clears it, writing to `reset` resets the device.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from exporters.canonical import device, neuron, nodes
from exporters.metric import Metric, Sample
from exporters.source import SourceFailed
from exporters.sources.neuron.devices import ecc_samples
from exporters.sources.neuron.place import Place, chip_of

DEVICES = Path("devices/virtual/neuron_device")
METRICS: tuple[Metric, ...] = (
    *(device.accelerator_info, device.accelerator_up, device.busy_ratio, device.memory_used_bytes, device.healthy),
    *(device.ecc_errors_total, neuron.core_busy_ratio, neuron.core_memory_used_bytes, neuron.core_flops_total),
    *(neuron.core_executions_total, neuron.ecc_events_total, neuron.power_share_ratio),
)
_NUMBERED = {kind: re.compile(rf"{kind}(\d+)", re.ASCII) for kind in ("neuron", "neuron_core")}
_LARGEST_FILE = 4096
_POWER_VALID = "POWER_STATUS_VALID"


def device_numbers(sysfs: Path) -> list[int]:
    """The devices that the driver shows."""
    return sorted(_numbered(sysfs / DEVICES, "neuron"))


class SysfsNode:
    """How many devices the driver shows."""

    metrics: tuple[Metric, ...] = (nodes.accelerators,)

    def __init__(self, sysfs: Path, node: str) -> None:
        self._sysfs = sysfs
        self._node = node

    def read(self) -> Iterable[Sample]:
        """The count; 0 once the driver was unloaded."""
        return [
            nodes.accelerators.sample(len(device_numbers(self._sysfs)), time.time(), node=self._node, state="visible")
        ]


class SysfsDevice:
    """One device. Cores are physical ones here: the driver knows nothing of logical cores."""

    def __init__(self, sysfs: Path, number: int, place: Place, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = sysfs / DEVICES / f"neuron{number}"
        self._number = number
        self._place = place
        self._uuid = place.uuid(number)
        self._monotonic = monotonic
        self._in_use: dict[int, tuple[int, float]] = {}  # by core: microseconds, and when that was read

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return METRICS

    def read(self) -> Iterable[Sample]:
        """What the files say now; a file that is not there or cannot be read costs only itself."""
        at = time.time()
        cores = sorted(_numbered(self._folder, "neuron_core"))
        if not cores:
            raise SourceFailed(f"{self._folder} shows no neuron_core: is the Neuron driver still loaded?")
        return [*self._device(at), *self._busy(cores, at), *self._memory(cores, at), *self._counters(cores, at)]

    def _device(self, at: float) -> Iterator[Sample]:
        architecture = self._folder / "info/architecture"
        model = chip_of(_text(architecture / "device_name") or "", _text(architecture / "instance_type") or "")
        yield self._place.info(self._number, model, at)
        yield device.accelerator_up.sample(1, at, uuid=self._uuid)
        yield from ecc_samples(_counts(self._folder / "stats/hardware"), self._uuid, at)
        status, *figures = (_text(self._folder / "stats/power/utilization") or "").split(",")
        if status == _POWER_VALID and len(figures) == 4 and (mean := _percent(figures[-1])) is not None:
            yield neuron.power_share_ratio.sample(mean, at, uuid=self._uuid)

    def _busy(self, cores: list[int], at: float) -> Iterator[Sample]:
        shares = {core: share for core in cores if (share := self._share(core)) is not None}
        for core, share in shares.items():
            yield neuron.core_busy_ratio.sample(share, at, uuid=self._uuid, core=str(self._index(core, cores)))
        if len(shares) == len(cores):
            yield device.busy_ratio.sample(sum(shares.values()) / len(cores), at, uuid=self._uuid, mig="")

    def _share(self, core: int) -> float | None:
        """The share of time since the last reading in which the core was in use; None where that is unknown.

        Runtimes of 2026 leave the driver's clock at 0 whatever they execute. Then only a core without a model in its
        memory is known to be idle.
        """
        stats = self._core(core) / "stats"
        micros = _number(stats / "other_info/nc_time_in_use/total")
        if not micros:
            code = _number(stats / "memory_usage/device_mem/model_code/total")
            return 0.0 if code == 0 else None
        now = self._monotonic()
        before = self._in_use.get(core)
        self._in_use[core] = micros, now
        if before is None or micros < before[0] or now <= before[1]:
            return None
        return min((micros - before[0]) / 1e6 / (now - before[1]), 1.0)

    def _memory(self, cores: list[int], at: float) -> Iterator[Sample]:
        """Current bytes stand in `total`; `present` is the last change."""
        whole = 0
        complete = True
        for core in cores:
            folder = self._core(core) / "stats/memory_usage/device_mem"
            kinds = {name: used for name in _names(folder) if (used := _number(folder / name / "total")) is not None}
            complete = complete and bool(kinds)
            whole += sum(kinds.values())
            labels = {"uuid": self._uuid, "core": str(self._index(core, cores))}
            for kind, used in kinds.items():
                yield neuron.core_memory_used_bytes.sample(used, at, **labels, kind=kind)
        if complete:
            yield device.memory_used_bytes.sample(whole, at, uuid=self._uuid, mig="")

    def _counters(self, cores: list[int], at: float) -> Iterator[Sample]:
        for core in cores:
            stats = self._core(core) / "stats"
            labels = {"uuid": self._uuid, "core": str(self._index(core, cores))}
            for status in _names(stats / "status"):
                if (total := _number(stats / "status" / status / "total")) is not None:
                    yield neuron.core_executions_total.sample(total, at, **labels, status=status)
            if flops := _number(stats / "other_info/flop_count/total"):  # 0 with runtimes that do not count
                yield neuron.core_flops_total.sample(flops, at, **labels)

    def _core(self, core: int) -> Path:
        return self._folder / f"neuron_core{core}"

    def _index(self, core: int, cores: list[int]) -> int:
        """The core's number on the node, as with neuron-monitor and cores that are not joined."""
        return self._number * len(cores) + core


def _numbered(folder: Path, kind: str) -> list[int]:
    matches = (_NUMBERED[kind].fullmatch(name) for name in _names(folder))
    return [int(match[1]) for match in matches if match]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _counts(folder: Path) -> dict[str, int]:
    return {name: count for name in _names(folder) if (count := _number(folder / name)) is not None}


def _text(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, _LARGEST_FILE).decode("ascii", "replace").strip()
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isdecimal() else None


def _percent(text: str) -> float | None:
    try:
        percent = float(text)
    except ValueError:
        return None
    return percent / 100 if 0 <= percent <= 100 else None

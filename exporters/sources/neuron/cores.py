"""What a line tells of each core, and of those that nobody holds: they are idle, not gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from exporters.canonical import neuron
from exporters.metric import Sample
from exporters.sources.neuron.place import Place
from exporters.sources.neuron.schema import Core, Memory, Report, Runtime, number_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Devices and their cores, as processes count them."""

    devices: int
    cores_per_device: int

    @property
    def cores(self) -> range:
        return range(self.devices * self.cores_per_device)

    def cores_of(self, device_number: int) -> range:
        first = device_number * self.cores_per_device
        return range(first, first + self.cores_per_device)

    def device_of(self, core: int) -> int:
        return core // self.cores_per_device


@dataclass(frozen=True, slots=True)
class CoreFigures:
    """By core. A core that is missing in `busy` is unknown; `memory` is None where some process does not tell of it."""

    busy: Mapping[int, float]
    physical: Mapping[tuple[int, str], float]
    memory: Mapping[int, Mapping[str, float]] | None
    processes: Mapping[int, int] | None  # that hold the core


def core_figures(report: Report, layout: Layout) -> CoreFigures:
    """What is known of all cores of the node."""
    runtimes = report.runtimes
    if runtimes is None:
        return CoreFigures({}, {}, None, None)
    busy: dict[int, float] = {}
    physical: dict[tuple[int, str], float] = {}
    holders: dict[int, int] = defaultdict(int)
    told: set[int] = set()
    for core, figures in _cores(runtimes, layout):
        told.add(core)
        holders[core] += 1
        if (share := _share(figures.neuroncore_utilization)) is not None:
            busy[core] = min(busy.get(core, 0.0) + share, 1.0)
        for name, half in (figures.v3d or {}).items():
            if (share := _share(half.neuroncore_utilization)) is not None:
                physical[core, name.rpartition(".")[2]] = share
    if not all(runtime.cores for runtime in runtimes):  # somebody holds cores and does not say which
        return CoreFigures(busy, physical, _memory(runtimes, layout), None)
    busy |= {core: 0.0 for core in layout.cores if core not in told}
    return CoreFigures(busy, physical, _memory(runtimes, layout), holders)


def core_samples(figures: CoreFigures, layout: Layout, place: Place, at: float) -> Iterator[Sample]:
    """The samples of all cores."""

    def labels(core: int) -> dict[str, str]:
        return {"uuid": place.uuid(layout.device_of(core)), "core": str(core)}

    for core, share in sorted(figures.busy.items()):
        yield neuron.core_busy_ratio.sample(share, at, **labels(core))
    for (core, name), share in sorted(figures.physical.items()):
        yield neuron.physical_core_busy_ratio.sample(share, at, **labels(core), physical_core=name)
    for core, kinds in sorted((figures.memory or {}).items()):
        for kind, used in sorted(kinds.items()):
            yield neuron.core_memory_used_bytes.sample(used, at, **labels(core), kind=kind)


def _cores(runtimes: Iterable[Runtime], layout: Layout) -> Iterator[tuple[int, Core]]:
    for runtime in runtimes:
        for name, core in ((runtime.cores and runtime.cores.neuroncores_in_use) or {}).items():
            number = number_of(name)
            if number is not None and number in layout.cores:
                yield number, core


def _share(percent: float | None) -> float | None:
    """Percent as a share; a period that ran a little long gives slightly more than 100."""
    return min(percent / 100, 1.0) if percent is not None and percent >= 0 else None


def _memory(runtimes: Iterable[Runtime], layout: Layout) -> Mapping[int, Mapping[str, float]] | None:
    found: dict[int, dict[str, float]] = {}
    for runtime in runtimes:
        usage = _usage(runtime.memory)
        if usage is None:
            return None
        for name, kinds in usage.items():
            number = number_of(name)
            if number is not None and number in layout.cores:
                of_core = found.setdefault(number, defaultdict(float))
                for kind, used in kinds.items():
                    of_core[kind] += used
    return found


def _usage(memory: Memory | None) -> Mapping[str, Mapping[str, float]] | None:
    used = memory and memory.neuron_runtime_used_bytes
    breakdown = used and used.usage_breakdown
    return breakdown.neuroncore_memory_usage if breakdown else None

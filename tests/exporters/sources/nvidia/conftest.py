"""A node with simulated cards, read source by source as the agent reads them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from exporters.metric import Kind, Metric, Sample
from exporters.pages.render import PageRenderer
from exporters.series import Series
from exporters.simulation.nvml.cards import Model
from exporters.simulation.nvml.library import SimulatedNvml
from exporters.simulation.nvml.machine import Gpu, Machine
from exporters.simulation.nvml.work import Work
from exporters.source import Source, SourceError
from exporters.sources.nvidia import Nvidia

BOOTED = 1_790_000_000.0
START = BOOTED + 3600
INTERVAL_SECONDS = 10.0


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(slots=True)
class Round:
    """What one reading of every source brought."""

    samples: list[Sample] = field(default_factory=list)
    errors: dict[str, SourceError] = field(default_factory=dict)

    def of(self, metric: Metric, **labels: str) -> dict[tuple[str, ...], float]:
        """Values by the labels that were not asked for, in their order."""
        return {
            tuple(value for label, value in one.labels if label not in labels): one.value
            for one in self.samples
            if one.metric is metric and labels.items() <= dict(one.labels).items()
        }

    def value(self, metric: Metric, **labels: str) -> float | None:
        """The only value with these labels; None where there is none."""
        found = list(self.of(metric, **labels).values())
        assert len(found) <= 1
        return found[0] if found else None


class Rig:
    """One node and its roster."""

    def __init__(self, machine: Machine, has_cycles: bool = False) -> None:
        self.clock = Clock()
        self.nvml = SimulatedNvml(machine, self.clock, has_cycles, self.clock.sleep)
        self.roster = Nvidia(lambda: self.nvml, "node-a", INTERVAL_SECONDS, self.clock)

    def read(self, only: Callable[[str], bool] = lambda name: not name.endswith("/xid")) -> Round:
        """Looks for devices and reads them, then the node. Reading faults takes time: it must be asked for."""
        sources = self.roster.sources()
        found = Round()
        for name in sorted(sources, reverse=True):
            if only(name):
                _read(name, sources[name], found)
        return found

    def read_all(self) -> Round:
        return self.read(lambda name: True)

    def later(self, seconds: float = INTERVAL_SECONDS) -> Rig:
        self.clock.now += seconds
        return self


def _read(name: str, source: Source, found: Round) -> None:
    try:
        samples = list(source.read())
    except SourceError as error:
        found.errors[name] = error
        return
    assert {sample.metric for sample in samples} <= set(source.metrics)
    found.samples.extend(samples)


def rig_of(*gpus: Gpu, has_cycles: bool = False, **machine: Any) -> Rig:
    return Rig(Machine(gpus, BOOTED, **machine), has_cycles)


def cards(model: Model, works: Sequence[Work], **changes: Any) -> tuple[Gpu, ...]:
    """One card for each piece of work, called GPU-0, GPU-1, ..."""
    return tuple(Gpu(f"GPU-{index}", model, work, **changes) for index, work in enumerate(works))


def page_of(samples: Iterable[Sample]) -> str:
    """As the agent would show them, in the order of names and labels."""
    rows = sorted(
        ((Series.of(one.metric.full_name, one.labels), one) for one in samples),
        key=lambda row: (row[0].name, row[0].labels),
    )
    metrics = {one.metric.full_name: one.metric for _, one in rows}
    types = {name: "counter" if metric.kind is Kind.COUNTER else "gauge" for name, metric in metrics.items()}
    helps = {name: metric.help for name, metric in metrics.items()}
    return PageRenderer().render([(series, one.value) for series, one in rows], types, helps).decode()


def wait_until(holds: Callable[[], bool]) -> None:
    """For another thread to get so far; a generous bound, so that a fault does not hang the tests."""
    for _ in range(2000):
        if holds():
            return
        time.sleep(0.005)
    pytest.fail("it did not come to pass")


@pytest.fixture
def clock() -> Clock:
    return Clock()

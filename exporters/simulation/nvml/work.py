"""What a card, or one MIG instance of it, does over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from exporters.simulation.steps import FOREVER, Steps


def always(level: float) -> Steps:
    """The same level for ever."""
    return Steps.spans([(0.0, FOREVER, level)])


def level_at(steps: Steps, at: float) -> float:
    return float(steps.at(np.array([at]))[0])


def area_between(steps: Steps, start: float, end: float) -> float:
    areas = steps.area(np.array([start, end]))
    return float(areas[1] - areas[0])


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Ratios from 0 to 1; `tensor` and `dram` are of the whole time, not of the busy time."""

    busy: Steps = field(default_factory=lambda: always(0.0))
    sm: Steps = field(default_factory=lambda: always(0.0))
    tensor: Steps = field(default_factory=lambda: always(0.0))
    dram: Steps = field(default_factory=lambda: always(0.0))
    used_bytes: Steps = field(default_factory=lambda: always(0.0))
    processes: Steps = field(default_factory=lambda: always(0.0))


def steady(busy: float, sm: float, tensor: float, dram: float, used_mib: float, processes: int = 1) -> Work:
    """The same work for ever."""
    return Work(
        always(busy), always(sm), always(tensor), always(dram), always(used_mib * 2**20), always(float(processes))
    )

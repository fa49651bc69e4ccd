"""GPM of the simulated library: samples, and what two of them say of the time between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from exporters.simulation.nvml.work import Work, area_between

SUCCESS, NOT_SUPPORTED = 0, 3


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a sample holds: whose work, and when it was taken."""

    work: Work
    booted: float
    at: float
    sm_megahertz: int


def fill(question: Any, before: Snapshot, after: Snapshot, has_cycles: bool) -> None:
    """Writes the answers into the structure that the caller handed over, as the library does."""
    for place in range(question.numMetrics):
        metric = question.metrics[place]
        value = _value(metric.metricId, before, after, has_cycles)
        metric.nvmlReturn = NOT_SUPPORTED if value is None else SUCCESS
        metric.value = 0.0 if value is None else value


def _value(number: int, before: Snapshot, after: Snapshot, has_cycles: bool) -> float | None:
    work = after.work
    percentages = {1: work.busy, 2: work.sm, 5: work.tensor, 10: work.dram}
    if number in percentages:
        seconds = after.at - before.at
        return 100 * area_between(percentages[number], before.at, after.at) / seconds if seconds > 0 else math.nan
    if not has_cycles:
        return None
    hertz = after.sm_megahertz * 1e6
    cycles = {249: work.sm, 250: work.tensor}
    if number == 248:
        return hertz * (after.at - after.booted)
    return hertz * area_between(cycles[number], after.booted, after.at) if number in cycles else None

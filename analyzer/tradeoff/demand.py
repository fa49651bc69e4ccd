"""How many replicas each hour would have needed at an operating point to serve what was asked of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.throughput.curve import Estimate
from analyzer.throughput.load import column
from analyzer.window import CELL_SECONDS

_HOUR = 3600
_QUEUED = 0.1  # waiting over running


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: tokens per second on average and in its busiest five minutes, the replicas that there were on average,
    and how many would have served the busiest five minutes. `is_queued`: requests waited, so that more was asked for
    than was served, and the replicas needed are at least these."""

    start: int  # unix seconds
    tokens_per_second: float
    busiest: float
    replicas: float
    needed: Estimate
    is_queued: bool


def hours(points: pa.Table, throughput: Estimate) -> Iterator[Hour]:
    """Each hour with points, given what one replica yields at the operating point."""
    at = np.asarray(pc.cast(points["start"], pa.int64()).to_numpy()) // 1_000_000
    seconds, tokens = column(points, "seconds"), column(points, "generated_tokens")
    replicas, running = column(points, "replicas"), column(points, "running")
    waiting = np.nan_to_num(column(points, "waiting"))
    for hour in np.unique(at // _HOUR):
        inside = at // _HOUR == hour
        cells = at[inside] // CELL_SECONDS
        spans = np.bincount(cells - cells[0], seconds[inside])
        sums = np.bincount(cells - cells[0], tokens[inside])
        busiest = float((sums / np.maximum(spans, seconds[inside].max())).max())
        long = float(seconds[inside].sum())
        yield Hour(
            int(hour) * _HOUR,
            float(tokens[inside].sum()) / long,
            busiest,
            float((replicas * seconds)[inside].sum()) / long,
            _needed(busiest, throughput),
            bool((waiting * seconds)[inside].sum() > _QUEUED * (running * seconds)[inside].sum()),
        )


def _needed(tokens_per_second: float, throughput: Estimate) -> Estimate:
    def replicas(each: float) -> float:
        return float(math.ceil(round(tokens_per_second / each, 6)))

    return Estimate(replicas(throughput.value), replicas(throughput.high), replicas(throughput.low))

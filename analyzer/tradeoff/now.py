"""Where a subject's replicas stand at the end of the window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.throughput.load import column

_LATELY_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Now:
    """Means over the last hour in which a replica answered: replicas, and per replica requests running and tokens per
    second."""

    replicas: float
    running: float
    throughput: float


def now_of(points: pa.Table) -> Now:
    """The last hour of the points."""
    at = np.asarray(pc.cast(points["start"], pa.int64()).to_numpy()) / 1e6
    seconds, replicas = column(points, "seconds"), np.nan_to_num(column(points, "replicas"))
    last = at > at[replicas > 0].max(initial=0) - _LATELY_SECONDS
    span, held = float(seconds[last].sum()), float((replicas * seconds)[last].sum())
    if not held:
        return Now(0.0, 0.0, 0.0)
    running = float(np.nansum((column(points, "running") * seconds)[last]))
    return Now(held / span, running / held, float(np.nansum(column(points, "generated_tokens")[last])) / held)

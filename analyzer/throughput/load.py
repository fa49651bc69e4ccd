"""What a curve is fitted to: how many requests ran on a replica, and how many tokens a second it gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analyzer.throughput.scalability import Floats

# A replica that worked in less than half of a point tells more of its pauses than of its curve.
_LEAST_RUNNING = 0.5


@dataclass(frozen=True, slots=True)
class Load:
    """Points in order of time, per replica: requests running, tokens per second, and how much each point weighs."""

    running: Floats
    throughput: Floats
    weights: Floats

    def seen(self, share: float) -> float:
        """The requests running below which this share of the weight lies."""
        order = np.argsort(self.running)
        passed = np.cumsum(self.weights[order])
        return float(self.running[order][np.searchsorted(passed, share * passed[-1])])


def column(points: pa.Table, name: str) -> Floats:
    """One column of operating points as numbers; what nobody told is NaN."""
    return np.asarray(points[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def steadiness(points: pa.Table) -> Floats:
    """1 where the load stood still within a point, less the more it moved: the mean of a curve over a span of loads
    lies below the curve at the mean load."""
    running, low, high = (column(points, name) for name in ("running", "running_low", "running_high"))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(running > 0, (high - low) / running, np.inf)
    return np.asarray(1 / (1 + moved**2))


def load_of(points: pa.Table) -> Load:
    """The points with work. They weigh by the replica-seconds in which work was seen, and by their steadiness."""
    replicas, seconds = column(points, "replicas"), column(points, "seconds")
    with np.errstate(divide="ignore", invalid="ignore"):
        running = column(points, "running") / replicas
        throughput = column(points, "generated_tokens") / (replicas * seconds)
    weights = replicas * seconds * np.minimum(running, 1) * steadiness(points)
    worked = (running >= _LEAST_RUNNING) & (throughput > 0) & (weights > 0)
    return Load(running[worked], throughput[worked], weights[worked])

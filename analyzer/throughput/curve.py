"""The throughput curve of a load, with intervals for everything that is read off it.

Intervals are percentiles of a block bootstrap of the residuals: bounds make a likelihood profile one-sided, what is
asked for (knee, headroom, dollars) is no parameter, and neighbouring points are alike because their requests are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analyzer.throughput.fit import design, fitted, refitted
from analyzer.throughput.load import Load
from analyzer.throughput.resampling import memory_of, resampled, tail
from analyzer.throughput.scalability import Floats, Law

DRAWS = 400


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; infinite ends where the load seen sets none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The fitted law, the laws that the same load might as well have given, and what they rest on."""

    law: Law
    draws: Law
    tail: float  # the share of draws to leave out on each side of an interval
    points: int
    least_seen: float  # requests running
    most_seen: float

    def estimate(self, read: Callable[[Law], Floats]) -> Estimate:
        """What `read` makes of the law, with its interval."""
        value = float(read(self.law).item())
        ends = np.quantile(read(self.draws), [self.tail, 1 - self.tail], method="inverted_cdf")
        return Estimate(value, min(float(ends[0]), value), max(float(ends[1]), value))


def curve_of(load: Load, draws: int = DRAWS) -> Curve:
    """Fits the load; whether a load identifies a curve at all, ask `load_wanted` first."""
    laws, trust = fitted(load.running, load.throughput[None], load.weights)
    law = Law(laws.rate[:1], laws.contention[:1], laws.crosstalk[:1])
    model = law.throughput(load.running)
    root = np.sqrt(load.weights / load.weights.mean())
    gaps = np.log(load.throughput / model) * root / np.sqrt(1 - leverage(load, model, trust[0]))
    memory = memory_of(gaps)
    drawn = resampled(gaps, memory, draws) / root
    again = refitted(load.running, model * np.exp(drawn), load.weights, law)
    independent = len(gaps) * (1 - memory) / (1 + memory)
    return Curve(law, again, tail(independent), len(gaps), load.seen(0.01), load.seen(0.99))


def leverage(load: Load, model: Floats, trust: Floats) -> Floats:
    """How much of itself each point explains, 0 to below 1: a residual shrinks by the root of the rest."""
    rows = design(load.running) * (model / load.running * np.sqrt(load.weights * trust))[:, None]
    q, _ = np.linalg.qr(rows / np.abs(rows).max(axis=0))
    return np.asarray(np.minimum((q**2).sum(axis=1), 0.9))

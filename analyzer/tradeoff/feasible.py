"""Up to how many requests running a replica keeps an objective: surely, and possibly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.slo import Limit, Slo
from analyzer.throughput.scalability import Floats
from analyzer.tradeoff.levels import Levels

DEFAULT_ATTAINMENT = 0.95
# Where an engine does not time output tokens per request, the gap between its output events stands in.
STAND_INS = {"tpot": "itl"}


@dataclass(frozen=True, slots=True)
class Feasible:
    """The objective is kept up to `sure` requests running per replica and broken from `broken` on; between them the
    buckets and the number of requests leave it open. `sure` is 0 where nothing is proven, `broken` infinite where
    nothing seen breaks it."""

    sure: float
    broken: float


def attainment(limit: Limit) -> float:
    """The share of requests that must be inside the limit."""
    return DEFAULT_ATTAINMENT if limit.attainment is None else limit.attainment


def levels_for(limit: Limit, levels: Mapping[str, Levels | None]) -> Levels | None:
    """The levels that speak of a limit."""
    return levels.get(limit.quantity) or levels.get(STAND_INS.get(limit.quantity, ""))


def feasible(slo: Slo, levels: Mapping[str, Levels | None]) -> Feasible:
    """Where all limits are kept. A limit that nothing times is neither kept nor broken."""
    found = Feasible(math.inf, math.inf)
    for limit in slo.limits:
        told = levels_for(limit, levels)
        one = _one(limit, told) if told else Feasible(0.0, math.inf)
        found = Feasible(min(found.sure, one.sure), min(found.broken, one.broken))
    return found


def _one(limit: Limit, levels: Levels) -> Feasible:
    low, high = levels.within(limit.seconds)
    kept = levels.running[low >= attainment(limit)]
    broken = levels.running[high < attainment(limit)]
    return Feasible(float(kept.max(initial=0.0)), float(broken.min(initial=math.inf)))


def good_shares(slo: Slo, levels: Mapping[str, Levels | None], running: Floats) -> tuple[Floats, Floats]:
    """The least and most share of requests inside every limit at each load; shares of limits that are timed apart
    join to at least their sum less one for each but the first (Bonferroni)."""
    low, high = np.ones_like(running), np.ones_like(running)
    for limit in slo.limits:
        told = levels_for(limit, levels)
        if told is None:
            low -= 1
            continue
        least, most = (np.interp(running, told.running, shares) for shares in told.within(limit.seconds))
        low -= 1 - least
        high = np.minimum(high, most)
    return np.maximum(low, 0), high

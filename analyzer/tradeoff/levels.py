"""Latencies by concurrency: what share of requests stayed within each bucket bound at each level of load.

More load never makes a replica faster, so the shares are made to fall with load by isotonic regression (pooling
adjacent violators, R. E. Barlow and others, "Statistical Inference under Order Restrictions" (1972)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.throughput.load import column
from analyzer.throughput.scalability import Floats

_STEP = 1.25  # levels are a quarter apart
_LEAST_REQUESTS = 40
_SIDES = 1.96  # standard errors: 95 %


@dataclass(frozen=True, slots=True)
class Levels:
    """By level, the load from low to high: requests running on a replica as requests met it (a burst meets itself,
    though the mean over its minute is low), requests timed, and for each bucket bound in seconds the share within it,
    proven (`low`) and possible (`high`)."""

    running: Floats
    requests: Floats
    bounds: Floats
    low: Floats  # level x bound
    high: Floats

    def within(self, seconds: float) -> tuple[Floats, Floats]:
        """By level, the least and most share of requests inside a limit that may lie between two bounds."""
        below = np.flatnonzero(self.bounds <= seconds * (1 + 1e-9))
        above = np.flatnonzero(self.bounds >= seconds * (1 - 1e-9))
        nothing = np.zeros(len(self.running))
        return (
            self.low[:, below[-1]] if len(below) else nothing,
            self.high[:, above[0]] if len(above) else nothing + 1,
        )

    def quantile(self, share: float) -> tuple[Floats, Floats]:
        """By level, the bucket bounds in seconds between which this quantile lies."""
        above = np.where(self.low >= share, self.bounds, np.inf).min(axis=1)
        below = np.where(self.high < share, self.bounds, 0.0).max(axis=1)
        return below, above


def levels_of(points: pa.Table, latency: str) -> Levels | None:
    """The levels of one latency (ttft, itl, tpot, e2e); None where the engine or the ledger tells nothing of it."""
    told = points.filter(pc.is_valid(points[latency]))
    if not told.num_rows:
        return None
    running = np.nan_to_num(column(told, "running_met"))
    bounds, counts = _matrix(told[latency].combine_chunks())
    timed = counts[:, -1] > 0
    if not timed.any():
        return None
    order = np.argsort(running[timed], kind="stable")
    return _shares(running[timed][order], counts[timed][order], bounds)


def _matrix(lists: pa.ListArray) -> tuple[Floats, Floats]:
    """The bounds that all points have, and the requests at or below each (points x bounds)."""
    flat = lists.flatten()
    le, count = (np.asarray(pc.struct_field(flat, name).to_numpy()) for name in ("le", "count"))
    row = np.repeat(np.arange(len(lists)), lists.value_lengths().to_numpy())
    bounds, place, often = np.unique(le, return_inverse=True, return_counts=True)
    counts = np.zeros((len(lists), len(bounds)))
    counts[row, place] = count
    shared = often == len(lists)  # an engine that was set anew may have other buckets
    return bounds[shared], counts[:, shared]


def _shares(running: Floats, counts: Floats, bounds: Floats) -> Levels:
    """Levels from points in order of load."""
    first = np.array(_starts(running, counts[:, -1]))
    sums = np.add.reduceat(counts, first)
    requests = sums[:, -1]
    means = np.add.reduceat(running * counts[:, -1], first) / requests
    low, high = np.empty_like(sums), np.empty_like(sums)
    for bound in range(len(bounds)):
        low[:, bound], high[:, bound] = _sides(*falling(np.minimum(sums[:, bound] / requests, 1), requests))
    low[:, -1] = high[:, -1] = 1
    return Levels(means, requests, bounds, low, high)


def _starts(running: Floats, requests: Floats) -> list[int]:
    """Where each level begins: a quarter above the one before, and with requests enough to speak of a percentile."""
    starts, held = [0], 0.0
    for at in range(len(running)):
        if held >= _LEAST_REQUESTS and running[at] >= _STEP * running[starts[-1]]:
            starts.append(at)
            held = 0.0
        held += requests[at]
    if held < _LEAST_REQUESTS and len(starts) > 1:
        starts.pop()
    return starts


def falling(shares: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The nearest shares that never rise from level to level, and the weight that each of them rests on."""
    blocks: list[tuple[float, float, int]] = []  # share, weight, levels
    for share, weight in zip(shares.tolist(), weights.tolist(), strict=True):
        blocks.append((share, weight, 1))
        while len(blocks) > 1 and blocks[-1][0] >= blocks[-2][0]:
            (a, n, i), (b, m, j) = blocks[-2:]
            blocks[-2:] = [((a * n + b * m) / (n + m), n + m, i + j)]
    lengths = [levels for _, _, levels in blocks]
    return np.repeat([share for share, _, _ in blocks], lengths), np.repeat([held for _, held, _ in blocks], lengths)


def _sides(shares: Floats, requests: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of each share (E. B. Wilson, JASA 22 (1927)). What is proven of a load is proven of less load;
    what more than a load cannot keep is bounded by that load."""
    square = _SIDES**2
    middle = (shares + square / (2 * requests)) / (1 + square / requests)
    side = _SIDES / (1 + square / requests) * np.sqrt(shares * (1 - shares) / requests + square / (4 * requests**2))
    return np.maximum.accumulate((middle - side)[::-1])[::-1], np.minimum.accumulate(middle + side)

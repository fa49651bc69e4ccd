"""Series that a curve's residuals might as well have been, and how wide an interval out of them must be."""

from __future__ import annotations

import math

import numpy as np

from analyzer.throughput.scalability import Floats

FITTED = 3  # numbers that the law has
_SEED = 7
_LEAD = 30  # steps after which a series has forgotten how it began
_MOST_MEMORY = 0.9
_NORMAL_95 = 1.959964


def resampled(gaps: Floats, memory: float, draws: int) -> Floats:
    """Series (draws x points) that are alike to the gaps: shocks in random blocks, each point remembering its
    neighbour as much as the gaps do (post-blackening, A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their
    Application" (1997), 8.2.3; plain blocks make intervals too short where neighbours are alike)."""
    count = len(gaps)
    shocks = gaps[1:] - memory * gaps[:-1]
    length = max(1, round(len(shocks) ** (1 / 3)))
    blocks = -(-(count + _LEAD) // length)
    starts = np.random.default_rng(_SEED).integers(0, len(shocks), (draws, blocks))
    places = (starts[:, :, None] + np.arange(length)).reshape(draws, -1) % len(shocks)
    series = shocks[places]
    for at in range(1, series.shape[1]):
        series[:, at] += memory * series[:, at - 1]
    return np.asarray(series[:, _LEAD : _LEAD + count])


def memory_of(gaps: Floats) -> float:
    """The correlation r of neighbours, freed of most of its bias: about (1 + r) / n for each number that was fitted."""
    centred = gaps - gaps.mean()
    spread = float((centred**2).sum())
    r = float((centred[1:] * centred[:-1]).sum()) / spread if spread > 0 else 0.0
    return min(max(r + FITTED * (1 + r) / len(gaps), 0.0), _MOST_MEMORY)


def tail(independent: float) -> float:
    """What to leave out so that intervals are as wide as Student's t makes them: percentiles of few points are too
    short (T. C. Hesterberg, The American Statistician 69 (2015): expanded percentiles)."""
    free = max(independent - FITTED, 2.0)
    z = _NORMAL_95
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return math.erfc(student * math.sqrt((free + FITTED) / free) / math.sqrt(2)) / 2

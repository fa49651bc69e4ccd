"""Fits the scalability law to many series of observations at once, robustly and inside its bounds.

N / X(N) = a + b (N - 1) + c N (N - 1) with a = 1 / rate, b = contention / rate, c = crosstalk / rate is linear, so each
step of iteratively reweighted least squares on log(N / X) is a small quadratic programme with an exact solution.
"""

from __future__ import annotations

import numpy as np

from analyzer.throughput.scalability import Floats, Law

# P. J. Huber, Annals of Mathematical Statistics 35 (1964): 95 % of least squares' precision where noise is normal.
_HUBER = 1.345
_MAD_TO_SIGMA = 1.4826
_STEPS, _FEW_STEPS = 40, 3
_SETTLED = 1e-6

# The faces of the allowed region a >= b >= 0, c >= 0 (contention is a share), each as the map from its free numbers.
_FACES = [
    np.array(columns, dtype=np.float64).T
    for columns in (
        [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
        [(1, 0, 0), (0, 1, 0)],
        [(1, 0, 0), (0, 0, 1)],
        [(1, 1, 0), (0, 0, 1)],
        [(1, 0, 0)],
        [(1, 1, 0)],
    )
]


def design(running: Floats) -> Floats:
    """The three columns (points x 3) that a, b, c multiply."""
    others = np.maximum(running - 1, 0)
    return np.stack([np.ones_like(running), others, running * others], axis=1)


def fitted(running: Floats, throughput: Floats, weights: Floats) -> tuple[Law, Floats]:
    """The laws of `throughput` (series x points), and the robust weight (series x points) that each point got."""
    seen = running / throughput
    level = np.exp(np.average(np.log(seen), axis=1, weights=weights))[:, None]
    return _reweighted(running, seen, weights, np.ones_like(seen) * level, _STEPS)


def refitted(running: Floats, throughput: Floats, weights: Floats, near: Law) -> Law:
    """The laws of series that differ from a known law by noise alone: few steps lead there."""
    seen = running / throughput
    return _reweighted(running, seen, weights, np.ones_like(seen) * (running / near.throughput(running)), _FEW_STEPS)[0]


def _reweighted(running: Floats, seen: Floats, weights: Floats, model: Floats, steps: int) -> tuple[Law, Floats]:
    """Iteratively reweighted least squares from a first model of N / X."""
    columns = design(running)
    scale = columns.max(axis=0) + np.finfo(float).tiny
    columns = columns / scale
    even = weights / weights.mean()
    found, trust = np.zeros((len(seen), 3)), np.ones_like(seen)
    for _ in range(steps):
        gap = np.log(seen / model)
        trust = _trust(gap * np.sqrt(even))
        before, found = found, _solved(columns, model * (1 + gap), even * trust / model**2, scale)
        model = found @ columns.T
        if np.abs(found - before).max() <= _SETTLED * np.abs(found).max():
            break
    a, b, c = (found / scale).T
    return Law(1 / a, b / a, c / a), trust


def _trust(gaps: Floats) -> Floats:
    """Huber's weights: full inside 1.345 robust standard deviations, falling beyond."""
    spread = np.maximum(_MAD_TO_SIGMA * np.median(np.abs(gaps), axis=1, keepdims=True), 1e-9)
    return np.asarray(np.minimum(1, _HUBER * spread / np.maximum(np.abs(gaps), 1e-12)))


def _solved(columns: Floats, target: Floats, weights: Floats, scale: Floats) -> Floats:
    """The best allowed (a, b, c), scaled, of each series: the least over the faces of the region."""
    series = len(target)
    squares = (weights @ (columns[:, :, None] * columns[:, None, :]).reshape(len(columns), 9)).reshape(series, 3, 3)
    sums = (weights * target) @ columns
    best, least = np.zeros((series, 3)), np.full(series, np.inf)
    for face in _FACES:
        free = scale[:, None] * face
        free = free / free.max(axis=0)
        inner = free.T @ squares @ free
        inner += 1e-13 * np.trace(inner, axis1=1, axis2=2)[:, None, None] * np.eye(free.shape[1])
        answer = np.linalg.solve(inner, (sums @ free)[:, :, None])[:, :, 0] @ free.T
        plain = answer / scale
        allowed = (plain >= 0).all(axis=1) & (plain[:, 1] <= plain[:, 0] * (1 + 1e-9)) & (plain[:, 0] > 0)
        cost = np.einsum("si,sij,sj->s", answer, squares, answer) - 2 * (sums * answer).sum(axis=1)
        better = allowed & (cost < least)
        best[better], least[better] = answer[better], cost[better]
    return best

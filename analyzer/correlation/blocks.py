"""The circular block bootstrap: how far an estimate from points in time may be off, although neighbours are alike.

Single points cannot be drawn anew as if they were independent: a load lasts. Whole blocks are drawn, as long as the
series' own memory asks for. The length is that of Politis and White (Econometric Reviews 2004, corrected with Patton
2009) for the circular bootstrap.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analyzer.correlation.ranks import Floats

_DRAWS = 999
_SIGMAS_95 = 1.959964
# No memory any more: this many lags in a row with a correlation inside twice its chance value.
_QUIET_LAGS = 5
_NEARLY_ONE = 0.999999


def block_length(series: Floats) -> int:
    """Points per block for one series; 1 where each point is news."""
    count = len(series)
    centred = series - series.mean()
    variance = float(centred @ centred) / count
    if variance == 0:
        return 1
    most = min((count - 1) // 2, math.ceil(math.sqrt(count)) + _QUIET_LAGS)
    covariance = np.array([float(centred[lag:] @ centred[: count - lag]) / count for lag in range(2 * most + 1)])
    memory = 2 * _memory(covariance[: most + 1] / variance, count)
    lags = np.arange(1, memory + 1)
    weights = np.minimum(1.0, 2 * (1 - lags / max(memory, 1)))
    slope = 2 * float((weights * lags * covariance[1 : memory + 1]).sum())
    level = variance + 2 * float((weights * covariance[1 : memory + 1]).sum())
    if level <= 0:
        return 1
    length = math.ceil(math.cbrt(2 * slope**2 / (4 / 3 * level**2) * count))
    return max(1, min(length, math.ceil(min(3 * math.sqrt(count), count / 3))))


def _memory(correlations: Floats, count: int) -> int:
    """The lag after which a series no longer remembers."""
    quiet = np.abs(correlations[1:]) < 2 * math.sqrt(math.log10(count) / count)
    for lag in range(len(quiet) - _QUIET_LAGS + 1):
        if quiet[lag : lag + _QUIET_LAGS].all():
            return lag
    return len(quiet)


def redrawn_means(values: Floats, length: int, seed: int) -> Floats:
    """The means of each row of `values` (rows, points) over bootstrap samples, as (draws, rows): each sample is made
    of blocks of `length` neighbours, the first point following on the last."""
    count = values.shape[1]
    starts = np.random.default_rng(seed).integers(0, count, size=(_DRAWS, math.ceil(count / length)))
    running = np.cumsum(np.pad(np.concatenate([values, values[:, : length - 1]], axis=1), ((0, 0), (1, 0))), axis=1)
    of_block = (running[:, length:] - running[:, :-length]) / length
    return np.stack([row[starts].mean(axis=1) for row in of_block], axis=1)


def redrawn_correlations(values: Floats, length: int, seed: int) -> Floats:
    """Correlation matrices of the rows of `values` over bootstrap samples: (draws, rows, rows)."""
    rows = len(values)
    centred = values - values.mean(axis=1, keepdims=True)
    products = (centred[:, None, :] * centred[None, :, :]).reshape(rows * rows, -1)
    means = redrawn_means(np.concatenate([centred, products]), length, seed)
    first, second = means[:, :rows], means[:, rows:].reshape(-1, rows, rows)
    covariance = second - first[:, :, None] * first[:, None, :]
    spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(covariance / (spread[:, :, None] * spread[:, None, :]))


def interval_of_correlation(middle: float, drawn: Floats, blocks: float) -> tuple[float, float] | None:
    """95 % interval of a correlation from its bootstrap values; nothing where it cannot be told. Symmetric on Fisher's
    scale, on which a correlation's error is about normal whatever its size."""
    known = drawn[np.isfinite(drawn)]
    if len(known) < len(drawn) / 2 or not math.isfinite(middle):
        return None
    scaled = np.arctanh(np.clip(known, -_NEARLY_ONE, _NEARLY_ONE))
    centre = math.atanh(min(_NEARLY_ONE, max(-_NEARLY_ONE, middle)))
    error = _reach(blocks) * float(scaled.std())
    return math.tanh(centre - error), math.tanh(centre + error)


def interval_of_mean(middle: float, drawn: npt.NDArray[np.float64], blocks: float) -> tuple[float, float]:
    """95 % interval of a mean from its bootstrap values."""
    error = _reach(blocks) * float(drawn.std())
    return middle - error, middle + error


def _reach(blocks: float) -> float:
    """Standard errors to the ends of a 95 % interval: more where few blocks tell the error, as Student's t does
    (Cornish and Fisher's expansion), and because a circle of few blocks varies too little."""
    free = max(1.0, blocks - 1)
    return _SIGMAS_95 * (1 + (_SIGMAS_95**2 + 1) / (4 * free)) * math.sqrt(max(1.0, blocks) / free)

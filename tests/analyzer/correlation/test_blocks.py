"""Intervals cover what is true about as often as they say, on series with a known memory and a known correlation."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.correlation.blocks import (
    block_length,
    interval_of_correlation,
    interval_of_mean,
    redrawn_correlations,
    redrawn_means,
)
from analyzer.correlation.ranks import at_equal, ranks

Floats = npt.NDArray[np.float64]
_SEEDS, _POINTS = 200, 300


def _remembering(noise: Floats, memory: float) -> Floats:
    """Autoregressive series, one per row: each point is `memory` of the one before it and news."""
    series = np.zeros_like(noise)
    for at in range(1, noise.shape[1]):
        series[:, at] = memory * series[:, at - 1] + math.sqrt(1 - memory**2) * noise[:, at]
    return series[:, 100:]


def _pair(seed: int, memory: float, correlation: float) -> Floats:
    noise = np.random.default_rng(seed).standard_normal((2, _POINTS + 100))
    noise[1] = correlation * noise[0] + math.sqrt(1 - correlation**2) * noise[1]
    return _remembering(noise, memory)


@pytest.mark.parametrize(("memory", "correlation"), [(0.0, 0.5), (0.7, 0.5), (0.85, -0.3)])
def test_the_interval_of_a_rank_correlation_covers(memory: float, correlation: float) -> None:
    true = 6 / math.pi * math.asin(correlation / 2)  # Spearman's of two normal variables
    covered = 0
    for seed in range(_SEEDS):
        ranked = np.array([ranks(row) for row in _pair(seed, memory, correlation)])
        length = max(block_length(row) for row in ranked)
        drawn = redrawn_correlations(ranked, length, seed)[:, 0, 1]
        found = interval_of_correlation(float(np.corrcoef(ranked)[0, 1]), drawn, _POINTS / length)
        assert found is not None
        covered += found[0] <= true <= found[1]
    assert 0.90 <= covered / _SEEDS <= 0.995


def test_the_interval_of_a_mean_covers() -> None:
    covered = 0
    for seed in range(_SEEDS):
        series = _pair(seed, 0.7, 0.5)[:1]
        length = block_length(series[0])
        low, high = interval_of_mean(float(series.mean()), redrawn_means(series, length, seed)[:, 0], _POINTS / length)
        covered += low <= 0 <= high
    assert 0.90 <= covered / _SEEDS <= 0.995


def test_a_longer_memory_asks_for_longer_blocks() -> None:
    lengths = [np.mean([block_length(_pair(seed, memory, 0.5)[0]) for seed in range(20)]) for memory in (0.0, 0.7, 0.9)]
    assert lengths[0] < 2
    assert lengths[0] < lengths[1] < lengths[2]


def test_one_draw_of_blocks_as_long_as_the_series_is_the_series() -> None:
    series = _pair(1, 0.7, 0.5)
    assert redrawn_means(series, _POINTS, 1) == pytest.approx(np.tile(series.mean(axis=1), (999, 1)))


def test_what_does_not_vary_has_no_interval() -> None:
    values = np.array([np.zeros(100), np.arange(100.0)])
    assert block_length(values[0]) == 1
    assert interval_of_correlation(math.nan, redrawn_correlations(values, 2, 1)[:, 0, 1], 50) is None


def test_ranks_share_their_mean_where_values_are_equal() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_at_equal_load_nothing_is_left_of_what_only_load_brought() -> None:
    rng = np.random.default_rng(5)
    load = rng.standard_normal(20_000)
    both = np.array([load + rng.standard_normal(20_000), load + rng.standard_normal(20_000), load])
    matrix = np.corrcoef(both)
    assert matrix[0, 1] == pytest.approx(0.5, abs=0.02)
    assert float(at_equal(0, 1, 2, matrix)) == pytest.approx(0, abs=0.02)
    assert np.isnan(at_equal(0, 1, 2, np.ones((3, 3))))

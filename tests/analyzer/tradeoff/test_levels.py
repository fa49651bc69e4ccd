"""Latency shares by load: never rising with load, holding the truth, honest about few requests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import norm

from analyzer.tradeoff.levels import falling, levels_of
from tests.analyzer.tradeoff.points import BOUNDS, points, ttft_seconds


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 100)), min_size=1, max_size=20))
def test_falling_shares_are_the_isotonic_regression(pairs: list[tuple[float, float]]) -> None:
    shares, weights = (np.array(column) for column in zip(*pairs, strict=True))
    fitted, held = falling(shares, weights)
    assert fitted == pytest.approx(isotonic_regression(shares, weights=weights, increasing=False).x, abs=1e-9)
    assert (np.diff(fitted) <= 1e-12).all()
    for share, weight in zip(fitted, held, strict=True):
        assert weight == pytest.approx(weights[fitted == share].sum())


def test_shares_and_quantiles_hold_the_truth_at_every_level() -> None:
    levels = levels_of(points(hours=48), "ttft")
    assert levels is not None
    assert len(levels.running) > 10
    for share in (0.5, 0.95):
        low, high = levels.quantile(share)
        true = np.array([ttft_seconds(n) for n in levels.running]) * math.exp(0.2 * norm.ppf(share))
        assert (low <= true * 1.02).all()
        assert (true <= high * 1.02).all()
        assert (low[1:] >= low[:-1]).all()
        assert (high[1:] >= high[:-1]).all()


def test_a_limit_between_two_bounds_is_bracketed_by_them() -> None:
    levels = levels_of(points(), "ttft")
    assert levels is not None
    exact, between = levels.within(0.5), levels.within(0.7)
    assert (between[0] == exact[0]).all()
    assert (between[1] >= exact[1]).all()
    assert (levels.within(0.05)[0] == 0).all()
    assert (levels.within(math.inf)[0] == 1).all()
    assert levels.bounds.tolist() == list(BOUNDS)


def test_few_requests_prove_little() -> None:
    """40 of 40 inside: Wilson's interval still allows 8.8 % outside."""
    one = points(hours=1, running=np.full(12, 2.0))
    inside = [[{"le": 0.5, "count": 40 / 12}, {"le": math.inf, "count": 40 / 12}]] * 12
    levels = levels_of(one.set_column(one.schema.get_field_index("ttft"), "ttft", [inside]), "ttft")
    assert levels is not None
    assert levels.requests.tolist() == pytest.approx([40])
    assert levels.within(0.5)[0].tolist() == pytest.approx([0.9124], abs=2e-4)


def test_engines_that_do_not_time_it_have_no_levels() -> None:
    assert levels_of(points(), "e2e") is None
    assert levels_of(points(hours=1).slice(0, 0), "ttft") is None


def test_bounds_that_changed_are_left_out() -> None:
    one = points(hours=2)
    lists = one["ttft"].to_pylist()
    lists[5] = [bucket for bucket in lists[5] if bucket["le"] != 0.25]
    levels = levels_of(one.set_column(one.schema.get_field_index("ttft"), "ttft", [lists]), "ttft")
    assert levels is not None
    assert levels.bounds.tolist() == [0.1, 0.5, 1.0, math.inf]

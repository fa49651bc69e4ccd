"""The fit against laws that are known and against a general solver that knows nothing of this one's tricks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from analyzer.throughput.fit import fitted, refitted
from analyzer.throughput.load import Load
from analyzer.throughput.scalability import Floats, Law
from tests.analyzer.throughput.loads import day, law


def fit(load: Load) -> Law:
    return fitted(load.running, load.throughput[None], load.weights)[0]


@settings(deadline=None, max_examples=40)
@given(rate=st.floats(1, 1e4), contention=st.floats(0, 0.9), crosstalk=st.floats(0, 0.01))
def test_without_noise_the_law_comes_back(rate: float, contention: float, crosstalk: float) -> None:
    truth = law(rate, contention, crosstalk)
    found = fit(day(1, truth, noise=0.0))
    assert found.rate[0] == pytest.approx(rate, rel=1e-4)
    assert found.contention[0] == pytest.approx(contention, abs=1e-4)
    assert found.crosstalk[0] == pytest.approx(crosstalk, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_that_of_a_general_solver(seed: int) -> None:
    """Huber's loss on log throughput, weighted, at the spread that the fit itself ended with."""
    load = day(seed, law(30, 0.04, 0.001))
    found = fit(load)
    root = np.sqrt(load.weights / load.weights.mean())

    def gaps(numbers: Floats) -> Floats:
        one = Law(*numbers)
        return np.asarray(np.log(load.throughput / one.throughput(load.running)) * root)

    mine = np.array([found.rate[0], found.contention[0], found.crosstalk[0]])
    spread = 1.4826 * np.median(np.abs(gaps(mine)))
    answer = least_squares(
        gaps,
        [20, 0.1, 0.01],
        bounds=([1e-9, 0, 0], [np.inf, 1, np.inf]),
        loss="huber",
        f_scale=1.345 * spread,
        x_scale=[1, 0.01, 0.001],
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    assert mine == pytest.approx(answer.x, rel=2e-3, abs=1e-6)


def test_a_few_broken_points_change_little() -> None:
    load = day(3, law(30, 0.04, 0.001), noise=0.03)
    broken = load.throughput.copy()
    broken[::20] *= 0.3
    whole, hurt = fit(load), fit(replace(load, throughput=broken))
    assert float(hurt.throughput(20.0)[0]) == pytest.approx(float(whole.throughput(20.0)[0]), rel=0.02)


def test_points_weigh_by_their_weight() -> None:
    """Half of the points tell another curve with a weight that counts for nothing."""
    load = day(4, law(30, 0.04, 0.001), noise=0.0)
    other = np.where(np.arange(96) % 2, load.throughput, load.throughput * 0.5)
    weights = np.where(np.arange(96) % 2, 300.0, 1e-6)
    assert fit(Load(load.running, other, weights)).rate[0] == pytest.approx(30, rel=1e-3)


@pytest.mark.parametrize("bend", [-0.5, 0.5])
def test_what_no_law_explains_stays_inside_the_bounds(bend: float) -> None:
    """Throughput that rises faster than load, or that falls from the first request on."""
    running = np.linspace(1, 30, 60)
    found = fit(Load(running, running ** (1 + bend) if bend > 0 else 30 * running**-0.7, np.full(60, 300.0)))
    assert 0 <= found.contention[0] <= 1 + 1e-9
    assert found.crosstalk[0] >= 0


def test_a_fit_that_starts_near_ends_where_a_whole_one_does() -> None:
    loads = [day(seed, law(30, 0.04, 0.001), noise=0.05) for seed in range(3)]
    for load in loads:
        near, whole = refitted(load.running, load.throughput[None], load.weights, law(30, 0.04, 0.001)), fit(load)
        assert float(near.throughput(20.0)[0]) == pytest.approx(float(whole.throughput(20.0)[0]), rel=0.005)

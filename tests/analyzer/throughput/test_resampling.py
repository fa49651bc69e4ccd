"""Series out of the bootstrap look like the residuals that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from analyzer.throughput.resampling import FITTED, memory_of, resampled, tail
from analyzer.throughput.scalability import Floats


def series(memory: float, points: int = 2000) -> Floats:
    random = np.random.default_rng(3)
    found = random.normal(0, 1, points)
    for at in range(1, points):
        found[at] = memory * found[at - 1] + np.sqrt(1 - memory**2) * found[at]
    return found


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_neighbours_stay_as_alike_and_spread_stays(memory: float) -> None:
    gaps = series(memory)
    found = memory_of(gaps)
    assert found == pytest.approx(memory, abs=0.06)
    drawn = resampled(gaps, found, 50)
    assert drawn.shape == (50, 2000)
    assert drawn.std() == pytest.approx(gaps.std(), rel=0.1)
    assert np.mean([memory_of(one) for one in drawn]) == pytest.approx(memory, abs=0.06)


@pytest.mark.parametrize("independent", [10.0, 30.0, 300.0])
def test_tails_are_those_of_student_for_few_points(independent: float) -> None:
    """The width that Student's t gives, expressed as a share of a normal distribution's tail."""
    from scipy.stats import norm

    free = independent - FITTED
    width = student.ppf(0.975, free) * np.sqrt(independent / free)
    assert tail(independent) == pytest.approx(norm.sf(width), rel=0.05)


def test_nothing_to_remember_in_nothing() -> None:
    assert memory_of(np.zeros(50)) == pytest.approx(FITTED / 50)

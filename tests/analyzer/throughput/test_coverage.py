"""What a 95 % interval promises, kept over 200 simulated days whose curve is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.throughput.curve import curve_of
from analyzer.throughput.scalability import Floats, Law
from tests.analyzer.throughput.loads import day, law

TRUTH = law(30.0, 0.04, 0.001)
READINGS: dict[str, Callable[[Law], Floats]] = {
    "rate": lambda one: one.rate,
    "contention": lambda one: one.contention,
    "crosstalk": lambda one: one.crosstalk,
    "knee": lambda one: one.knee,
    "tokens per second at 20 running": lambda one: one.throughput(20.0),
}
DAYS = 200


@pytest.fixture(scope="module")
def covered() -> dict[str, float]:
    """The share of days whose interval held the truth."""
    hits = dict.fromkeys(READINGS, 0)
    for seed in range(DAYS):
        curve = curve_of(day(seed, TRUTH))
        for name, read in READINGS.items():
            told = curve.estimate(read)
            hits[name] += told.low <= float(read(TRUTH)) <= told.high
    return {name: count / DAYS for name, count in hits.items()}


@pytest.mark.parametrize("name", READINGS)
def test_intervals_hold_the_truth(covered: dict[str, float], name: str) -> None:
    assert 0.90 <= covered[name] <= 0.99


def test_intervals_are_the_same_each_time_and_narrow_with_data() -> None:
    short, again, long = (curve_of(day(5, TRUTH, points)) for points in (48, 48, 480))
    first, second, third = (one.estimate(lambda law: law.knee) for one in (short, again, long))
    assert first == second
    assert (third.high - third.low) < 0.6 * (first.high - first.low)

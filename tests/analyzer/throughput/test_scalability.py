"""The law by its definitions: what knee and peak are, found by plain search over the curve, and Little's law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.throughput.scalability import Law


def law(rate: float, contention: float, crosstalk: float) -> Law:
    return Law(np.array(rate), np.array(contention), np.array(crosstalk))


def test_known_values() -> None:
    """rate 100, contention 0.02, crosstalk 0.0005: peak sqrt(0.98 / 0.0005) = 44.27, X(10) = 1000 / 1.225."""
    one = law(100.0, 0.02, 0.0005)
    assert float(one.throughput(1.0)) == pytest.approx(100)
    assert float(one.throughput(10.0)) == pytest.approx(1000 / 1.225)
    assert float(one.peak) == pytest.approx(44.2719, rel=1e-5)
    assert float(one.request_seconds(10.0, 50.0)) == pytest.approx(10 * 50 * 1.225 / 1000)


@given(
    contention=st.floats(0.0, 0.3), crosstalk=st.floats(1e-6, 0.01), rate=st.floats(0.1, 1e4), tokens=st.floats(1, 1e4)
)
def test_knee_and_peak_are_where_a_search_finds_them(
    contention: float, crosstalk: float, rate: float, tokens: float
) -> None:
    one = law(rate, contention, crosstalk)
    running = np.geomspace(1, 2 * float(one.peak) + 2, 20_001)
    throughput = one.throughput(running)
    step = running[1] / running[0]
    power = throughput / one.request_seconds(running, tokens)
    assert float(one.knee) == pytest.approx(running[np.argmax(power)], rel=2 * (step - 1) + 1e-6)
    assert throughput.max() <= float(one.throughput(one.peak)) * (1 + 1e-9)
    assert float(one.knee) <= float(one.peak) * (1 + 1e-9)


def test_contention_alone_bends_but_has_no_peak() -> None:
    one = law(30.0, 0.04, 0.0)
    assert float(one.knee) == pytest.approx(24)  # (1 - 0.04) / 0.04
    assert math.isinf(float(one.peak))
    assert float(one.throughput(1e9)) == pytest.approx(30 / 0.04, rel=1e-6)


def test_a_replica_that_nothing_slows_has_no_knee() -> None:
    one = law(30.0, 0.0, 0.0)
    assert math.isinf(float(one.knee))
    assert float(one.throughput(1000.0)) == 30_000


def test_less_than_one_request_running_meets_no_other() -> None:
    assert float(law(30.0, 0.5, 0.1).throughput(0.5)) == 15

"""Prices change with time, and a bill is their integral."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing.path import PricePath, Step, constant
from tests.analyzer.pricing.conftest import HOUR, price

DAY = 24 * HOUR
times = st.integers(0, DAY)
priced = st.floats(0.001, 200.0).map(price)


def paths(prices: st.SearchStrategy[object]) -> st.SearchStrategy[PricePath]:
    steps = st.dictionaries(times, prices, min_size=1, max_size=12)
    return steps.map(lambda found: PricePath(tuple(Step(at, found[at]) for at in sorted(found))))  # type: ignore[arg-type]


known = paths(priced)
any_path = paths(priced | st.none())


def test_a_change_inside_the_window_counts_from_its_moment() -> None:
    path = PricePath((Step(0, price(10.0)), Step(6 * HOUR, price(4.0)), Step(20 * HOUR, price(1.0))))
    assert path.dollars(4 * HOUR, 10 * HOUR) == 2 * 10.0 + 4 * 4.0


def test_a_part_without_a_price_makes_the_dollars_unknown() -> None:
    path = PricePath((Step(0, price(10.0)), Step(6 * HOUR, None)))
    assert path.dollars(0, 6 * HOUR) == 60.0
    assert path.dollars(0, 6 * HOUR + 1) is None
    assert PricePath(()).dollars(0, HOUR) is None
    assert constant(None).dollars(0, HOUR) is None


@given(known, times, times, times)
def test_splitting_a_window_adds_up(path: PricePath, one: int, two: int, three: int) -> None:
    start, middle, end = sorted((one, two, three))
    whole, first, second = path.dollars(start, end), path.dollars(start, middle), path.dollars(middle, end)
    assert whole is not None
    assert first is not None
    assert second is not None
    assert first + second == pytest.approx(whole, rel=1e-12, abs=1e-12)


@given(known, times, times)
def test_the_integral_is_that_of_a_plain_loop(path: PricePath, one: int, two: int) -> None:
    start, end = sorted((one, two))
    parts = []
    for number, step in enumerate(path.steps):
        since = start if number == 0 else max(start, step.start)
        until = min(end, path.steps[number + 1].start) if number + 1 < len(path.steps) else end
        if since < until and step.price:
            parts.append(step.price.dollars_per_hour * (until - since) / HOUR)
    assert path.dollars(start, end) == pytest.approx(math.fsum(parts), rel=1e-12)


@given(any_path, times, times)
def test_spells_cover_the_window_without_gap(path: PricePath, one: int, two: int) -> None:
    start, end = sorted((one, two))
    at = start
    for since, until, told in path.spells(start, end):
        assert since == at < until
        assert told == path.at(since) == path.at(until - 1)
        at = until
    assert at == end


@given(any_path, times, times)
def test_a_path_cut_to_a_window_says_the_same_of_it(path: PricePath, one: int, two: int) -> None:
    start, end = sorted((one, two))
    cut = path.between(start, end)
    assert list(cut.spells(start, end)) == list(path.spells(start, end))
    assert len(cut.steps) <= len(path.steps)

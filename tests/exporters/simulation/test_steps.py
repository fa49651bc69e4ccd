"""Levels, areas and means against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.simulation.steps import Span, Steps

pieces = st.lists(st.tuples(st.floats(0.1, 50), st.floats(0.1, 50), st.floats(0, 9)), min_size=1, max_size=8)


def _steps(gaps: list[tuple[float, float, float]]) -> tuple[Steps, list[tuple[float, float, float]]]:
    at, spans = 100.0, []
    for gap, length, level in gaps:
        spans.append((at + gap, at + gap + length, level))
        at += gap + length
    return Steps.spans(spans), spans


@given(pieces, st.floats(0, 1500))
def test_level_and_area_agree_with_a_plain_sum(gaps: list[tuple[float, float, float]], at: float) -> None:
    steps, spans = _steps(gaps)
    level = sum(level for start, end, level in spans if start <= at < end)
    area = sum(level * max(0.0, min(end, at) - start) for start, end, level in spans)
    assert steps.at(np.array([at]))[0] == level
    assert steps.area(np.array([at]))[0] == pytest.approx(area, abs=1e-6)


@given(pieces, pieces)
def test_a_total_adds_levels(left: list[tuple[float, float, float]], right: list[tuple[float, float, float]]) -> None:
    one, other = _steps(left)[0], _steps(right)[0]
    times = np.linspace(90, 700, 61)
    assert np.allclose(Steps.total([one, other]).at(times), one.at(times) + other.at(times))


def test_a_mean_is_of_the_time_before() -> None:
    steps = Steps.spans([(100, 115, 0.8)])
    assert steps.mean(np.array([130.0, 160.0]), 30).tolist() == pytest.approx([0.4, 0.0])


def test_nothing_at_all_is_zero() -> None:
    assert Steps.total([]).at(np.array([5.0])).tolist() == [0.0]


def test_spans_are_half_open() -> None:
    assert Span(0, 10).holds(0)
    assert not Span(0, 10).holds(10)
    assert Span(0, 10).within(Span(10, 20)) is None
    assert Span(0, 10).within(Span(4, 20)) == Span(4, 10)

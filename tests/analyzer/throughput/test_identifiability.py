"""Loads that tell no curve are refused, with the load that would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analyzer.throughput.curve import curve_of
from analyzer.throughput.identifiability import condition, load_wanted, scatter
from analyzer.throughput.load import Load
from tests.analyzer.throughput.loads import day, law

TRUTH = law(30.0, 0.04, 0.001)


def test_a_constant_load_is_refused_and_says_what_would_do() -> None:
    said = load_wanted(day(1, TRUTH, least=3.9, most=4.1))
    assert said is not None
    assert said.startswith("seen 3.")
    assert "from at most 1." in said
    assert "to at least 1" in said  # three times the least that was seen


@pytest.mark.parametrize("running", [0.7, 1.0, 4.0, 100.0])
def test_exactly_one_load_is_refused(running: float) -> None:
    load = day(1, TRUTH)
    assert load_wanted(replace(load, running=np.full(96, running))) is not None


@pytest.mark.parametrize(("most", "is_refused"), [(4.0, True), (4.4, True), (5.4, False), (8.0, False), (40.0, False)])
def test_the_load_must_spread_well_over_twofold(most: float, is_refused: bool) -> None:
    running = np.geomspace(2.0, most, 96)
    load = Load(running, TRUTH.throughput(running), np.full(96, 300.0))
    assert (load_wanted(load) is not None) is is_refused


@pytest.mark.parametrize(("points", "is_refused"), [(0, True), (11, True), (12, False)])
def test_a_dozen_points_are_asked_for(points: int, is_refused: bool) -> None:
    running = np.geomspace(1, 30, points)
    said = load_wanted(Load(running, TRUTH.throughput(running), np.full(points, 300.0)))
    assert (said is not None) is is_refused
    assert said is None or f"{points} points" in said


def test_what_is_refused_is_what_a_solver_cannot_tell_apart() -> None:
    assert condition(day(1, TRUTH, least=3.9, most=4.1)) > 10 * condition(day(1, TRUTH))
    assert condition(replace(day(1, TRUTH), running=np.full(96, 1.0))) == float("inf")


def test_points_on_no_one_curve_are_refused() -> None:
    assert scatter(curve_of(day(2, TRUTH, noise=0.08))) is None
    said = scatter(curve_of(day(2, TRUTH, points=24, noise=1.0)))
    assert said is not None
    assert "24 points lie on no one curve" in said

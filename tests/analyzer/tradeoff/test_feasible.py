"""Up to which load an objective is kept: between what is proven and what is refuted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.slo import parse_slo
from analyzer.tradeoff.feasible import Feasible, feasible, good_shares
from analyzer.tradeoff.levels import Levels, levels_of
from tests.analyzer.tradeoff.points import points


def levels(low: list[float], high: list[float], bound: float = 0.5) -> Levels:
    """Levels at 1, 2, 4, ... running with one bound."""
    running = np.array([2.0**number for number in range(len(low))])
    ones = np.ones(len(low))
    shares = (np.stack([np.array(side), ones], axis=1) for side in (low, high))
    return Levels(running, ones * 1000, np.array([bound, math.inf]), *shares)


TTFT = levels([0.99, 0.97, 0.94, 0.80], [1.0, 0.99, 0.97, 0.90])


@pytest.mark.parametrize(
    ("slo", "expected"),
    [
        ("ttft=0.5@p95", Feasible(2, 8)),
        ("ttft=0.5", Feasible(2, 8)),  # 95 % is what a limit without percentile asks for
        ("ttft=0.5@p80", Feasible(8, math.inf)),
        ("ttft=0.5@p99.9", Feasible(0, 2)),
        ("ttft=0.4@p95", Feasible(0, 8)),  # under the bound: nothing proves it
        ("ttft=0.6@p95", Feasible(2, math.inf)),  # over the bound: nothing refutes it
    ],
)
def test_kept_and_broken(slo: str, expected: Feasible) -> None:
    assert feasible(parse_slo([slo]), {"ttft": TTFT}) == expected


def test_the_strictest_limit_decides() -> None:
    tpot = levels([0.96, 0.90, 0.5, 0.5], [1.0, 0.94, 0.6, 0.6], 0.05)
    assert feasible(parse_slo(["ttft=0.5", "tpot=0.05"]), {"ttft": TTFT, "tpot": tpot}) == Feasible(1, 2)


def test_gaps_between_events_stand_in_for_time_per_token() -> None:
    told = {"tpot": None, "itl": levels([0.99, 0.9], [1.0, 0.92], 0.05)}
    assert feasible(parse_slo(["tpot=0.05"]), told) == Feasible(1, 2)


def test_a_limit_that_nothing_times_is_neither_kept_nor_broken() -> None:
    assert feasible(parse_slo(["ttft=0.5", "e2e=5"]), {"ttft": TTFT, "e2e": None}) == Feasible(0, 8)
    low, high = good_shares(parse_slo(["ttft=0.5", "e2e=5"]), {"ttft": TTFT}, np.array([1.0]))
    assert (low[0], high[0]) == (0, 1)


def test_shares_of_two_limits_join_between_their_bounds() -> None:
    """a + b - 1 at least, the smaller at most."""
    tpot = levels([0.96, 0.90, 0.5, 0.5], [1.0, 0.94, 0.6, 0.6], 0.05)
    low, high = good_shares(parse_slo(["ttft=0.5", "tpot=0.05"]), {"ttft": TTFT, "tpot": tpot}, np.array([2.0]))
    assert low[0] == pytest.approx(0.97 + 0.90 - 1)
    assert high[0] == pytest.approx(0.94)


def test_no_objective_is_kept_everywhere() -> None:
    assert feasible(parse_slo([]), {}) == Feasible(math.inf, math.inf)


@pytest.mark.parametrize("seed", range(3))
def test_the_true_limit_lies_between(seed: int) -> None:
    """0.02 s per request running and 20 % of spread: p95 is 0.5 s at 0.5 / 0.02 / exp(0.2 * 1.645) = 18 running."""
    kept = feasible(parse_slo(["ttft=0.5@p95"]), {"ttft": levels_of(points(hours=48, seed=seed), "ttft")})
    assert 12 < kept.sure <= 18 * 1.05
    assert 18 * 0.95 <= kept.broken < 27

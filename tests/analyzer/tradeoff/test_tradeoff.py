"""The cheapest point, its dollars, what another objective buys: on replicas whose truth is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analyzer.slo import Slo, parse_slo
from analyzer.tradeoff.subject import Subject
from analyzer.tradeoff.tradeoff import Tradeoff, tradeoff_of
from tests.analyzer.tradeoff.points import TOKENS, TRUTH, points

SLO = parse_slo(["ttft=0.5@p95"])


def subject(table: pa.Table) -> Subject:
    return Subject("c", "ml", "server", "llama", "vllm", "p5.48xlarge", "", table)


def tradeoff(slo: Slo = SLO, price: float | None = None, **more: Any) -> Tradeoff:
    return tradeoff_of(subject(points(hours=48, **more)), slo, price)


@pytest.fixture(scope="module")
def day() -> Tradeoff:
    return tradeoff()


def test_the_cheapest_point_is_the_most_load_that_surely_keeps_the_slo(day: Tradeoff) -> None:
    best = day.cheapest()
    assert best is not None
    assert best.running == pytest.approx(day.feasible().sure)
    assert best.throughput.low < float(TRUTH.throughput(best.running)) < best.throughput.high
    assert best.request_seconds is not None
    assert best.request_seconds.value == pytest.approx(
        best.running * TOKENS / float(TRUTH.throughput(best.running)), rel=0.05
    )


def test_dollars_are_price_over_good_tokens(day: Tradeoff) -> None:
    """$8 a replica-hour, held dollars over replica-hours."""
    best = day.cheapest()
    assert best is not None
    assert day.dollars_per_hour == pytest.approx(8)
    told = best.dollars_per_million(8)
    per_token = 8 / 3600 / best.throughput.value
    assert told.low <= per_token * 1e6 / best.good[1] <= told.high
    assert told.value == pytest.approx(per_token * 1e6 / (sum(best.good) / 2))
    assert told.high == pytest.approx(8 / 3600 / (best.throughput.low * best.good[0]) * 1e6)


def test_a_published_figure_comes_out() -> None:
    """22.3 k output tokens per second of a node at $16.06 an hour are $0.20 a million (serving benchmarks, 2025)."""
    one = tradeoff(Slo()).at(1.0)
    point = type(one)(1.0, type(one.throughput)(22_300, 22_300, 22_300), None, (1.0, 1.0))
    assert point.dollars_per_million(16.06).value == pytest.approx(0.20, abs=0.001)


def test_where_no_token_is_proven_good_dollars_have_no_upper_end(day: Tradeoff) -> None:
    point = day.at(39.0)
    assert point.good[0] < 0.5
    none = type(point)(39.0, point.throughput, None, (0.0, 0.2))
    assert math.isinf(none.dollars_per_million(8).high)
    assert math.isfinite(none.dollars_per_million(8).low)


def test_a_price_that_is_given_outranks_the_ledgers(day: Tradeoff) -> None:
    assert tradeoff(price=3.0).dollars_per_hour == 3
    assert tradeoff(dollars=None).dollars_per_hour is None
    assert tradeoff(dollars=0.0).dollars_per_hour is None  # 0 is never a price


def test_looser_limits_allow_more_load_and_never_cost_more(day: Tradeoff) -> None:
    loads, costs = [], []
    for factor in (0.5, 1.0, 2.0):
        best = day.choosing(day.with_limits(factor)).cheapest()
        assert best is not None
        loads.append(best.running)
        costs.append(best.dollars_per_million(8).high)
    assert loads == sorted(loads)
    assert loads[0] < loads[-1]
    assert costs == sorted(costs, reverse=True)


def test_past_its_peak_a_replica_is_not_loaded_further() -> None:
    """Without an objective the cheapest load is the peak, sqrt(0.96 / 0.004) = 15.5, not the most that was seen."""
    from analyzer.throughput.scalability import Law

    one = points(hours=48)
    running = one["running"].to_numpy() / 2
    steep = Law(np.array(30.0), np.array(0.04), np.array(0.004)).throughput(running) * 600
    best = tradeoff_of(
        subject(one.set_column(one.schema.get_field_index("generated_tokens"), "generated_tokens", [steep])), Slo()
    ).cheapest()
    assert best is not None
    assert best.running == pytest.approx(15.5, rel=0.05)


def test_an_objective_that_no_load_keeps_has_no_cheapest_point(day: Tradeoff) -> None:
    strict = day.choosing(parse_slo(["ttft=0.001@p95"]))
    assert strict.cheapest() is None
    assert strict.hours() == []
    assert strict.headroom() is None


def test_headroom_is_the_yield_there_over_the_yield_now(day: Tradeoff) -> None:
    best, told = day.cheapest(), day.headroom()
    assert best is not None
    assert told is not None
    assert told.low < best.throughput.value / day.now.throughput < told.high
    assert day.now.running == pytest.approx(1.5, rel=0.5)  # the day ends at its quietest
    assert day.now.replicas == pytest.approx(2)


def test_without_an_objective_headroom_goes_to_the_knee() -> None:
    one = tradeoff(Slo())
    told = one.headroom()
    assert told is not None
    assert told.value == pytest.approx(float(TRUTH.throughput(TRUTH.knee)) / one.now.throughput, rel=0.1)


def test_a_constant_load_is_refused_with_the_load_that_would_do() -> None:
    one = tradeoff(running=np.full(576, 4.0))
    assert one.curve is None
    assert one.reason is not None
    assert "seen 4 to 4 running per replica" in one.reason
    assert one.cheapest() is None

"""How many replicas each hour would have needed."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.throughput.curve import Estimate
from analyzer.tradeoff.demand import hours
from tests.analyzer.tradeoff.points import START, points

EACH = Estimate(100.0, 80.0, 120.0)


def test_the_busiest_five_minutes_of_each_hour_decide() -> None:
    tokens = np.full(24, 100.0 * 300)
    tokens[5] = 450.0 * 300
    first, second = hours(points(hours=2, generated_tokens=tokens), EACH)
    assert (first.start, second.start) == (START, START + 3600)
    assert first.tokens_per_second == pytest.approx((11 * 100 + 450) / 12)
    assert first.busiest == pytest.approx(450)
    assert first.needed == Estimate(5, 4, 6)  # 450 over 100, 120, 80
    assert second.needed == Estimate(1, 1, 2)
    assert first.replicas == pytest.approx(2)


def test_short_points_are_added_up_to_five_minutes_first() -> None:
    """A burst of ten seconds is no reason for a replica."""
    one = points(hours=1, generated_tokens=np.array([3000.0] + [0.0] * 11), seconds=10.0)
    starts = one["start"].to_pylist()[0].timestamp()
    at = [int(starts + 10 * number) * 1_000_000 for number in range(12)]
    one = one.set_column(0, "start", [np.array(at, "datetime64[us]")])
    [hour] = hours(one, EACH)
    assert hour.busiest == pytest.approx(25)


@pytest.mark.parametrize(("waiting", "is_queued"), [(0.0, False), (0.3, False), (0.5, True)])
def test_an_hour_in_which_requests_waited_asked_for_more(waiting: float, is_queued: bool) -> None:
    """4 run on two replicas; above a tenth of that waiting, the demand was more than what was served."""
    [hour] = hours(points(hours=1, running=np.full(12, 2.0), waiting=waiting), EACH)
    assert hour.is_queued is is_queued


def test_demand_that_fits_exactly_needs_no_more() -> None:
    [hour] = hours(points(hours=1, generated_tokens=np.full(12, 300.0 * 0.3)), Estimate(0.1, 0.1, 0.1))
    assert hour.needed == Estimate(3, 3, 3)


def test_an_hour_without_tokens_needs_none() -> None:
    [hour] = hours(points(hours=1, generated_tokens=np.zeros(12)), EACH)
    assert hour.needed == Estimate(0, 0, 0)

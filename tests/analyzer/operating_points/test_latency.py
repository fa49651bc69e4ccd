"""Bounds of a quantile hold it whatever the samples and the buckets are."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from analyzer.operating_points.latency import Bounds, merged, quantile_bounds

_SECONDS = st.floats(0.001, 100.0)
_EDGES = (0.01, 0.1, 0.5, 1.0, 10.0, math.inf)


def _buckets(samples: list[float]) -> list[tuple[float, float]]:
    return [(le, float(sum(sample <= le for sample in samples))) for le in _EDGES]


@given(st.lists(_SECONDS, min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_the_bucket_holds_the_quantile(samples: list[float], share: float) -> None:
    found = quantile_bounds(_buckets(samples), share)
    assert found is not None
    quantile = sorted(samples)[max(0, math.ceil(share * len(samples) - 1e-9) - 1)]
    assert found.low <= quantile <= found.high


@given(st.lists(_SECONDS, min_size=1), st.lists(_SECONDS, min_size=1))
def test_replicas_merge_as_if_they_were_one(one: list[float], other: list[float]) -> None:
    assert merged([_buckets(one), None, _buckets(other)]) == _buckets(one + other)


def test_only_bounds_that_all_have_can_be_merged() -> None:
    assert merged([[(0.5, 1.0), (1.0, 2.0), (math.inf, 2.0)], [(1.0, 3.0), (math.inf, 4.0)]]) == [
        (1.0, 5.0),
        (math.inf, 6.0),
    ]


def test_nothing_is_said_of_no_requests_and_no_top_of_the_last_bucket() -> None:
    assert quantile_bounds([(0.5, 0.0), (math.inf, 0.0)], 0.5) is None
    assert quantile_bounds([], 0.5) is None
    assert quantile_bounds([(0.5, 1.0), (math.inf, 10.0)], 0.99) == Bounds(0.5, math.inf)

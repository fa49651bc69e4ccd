"""Bounds of native histograms, against those that Prometheus prints."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.remote_read.native_buckets import CUSTOM, NativeBuckets, exponential_bound
from exporters.recording.stale import STALE
from tests.analyzer.stores.prometheus.remote_read.conftest import Recorded


def bounds(value: Any) -> Iterator[float]:
    """Every bound of every bucket in an answer of the query API."""
    if isinstance(value, dict):
        for _, lower, upper, _ in value.get("buckets", []):
            yield from (float(lower), float(upper))
        for inner in value.values():
            yield from bounds(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from bounds(inner)


def test_bounds_are_to_the_bit_those_of_the_query_api(wire: Path) -> None:
    names = ("matrix", "range", "vector", "rate", "negative")
    printed = {
        abs(bound)
        for name in names
        for bound in bounds(json.loads(Recorded(wire / "prom-3.16" / f"query-native-{name}").entity))
    }
    printed -= {0.001, 2.938735877055719e-39}  # zero thresholds of the recorded histograms
    assert len(printed) > 50
    assert all(exponential_bound(round(math.log2(bound) * 8), 3) == bound for bound in printed)


@given(st.integers(-4, 8), st.integers(-(2**18), 2**18))
def test_bounds_grow_and_a_finer_schema_keeps_those_of_a_coarser(schema: int, place: int) -> None:
    assume(abs(place) * 2.0**-schema < 1000)
    assert exponential_bound(place, schema) < exponential_bound(place + 1, schema)
    if 0 <= schema < 8:
        assert exponential_bound(place, schema) == exponential_bound(2 * place, schema + 1)


@pytest.mark.parametrize(
    ("place", "schema", "bound"),
    [(0, 0, 1.0), (3, 0, 8.0), (-1, -1, 0.25), (8192, 3, sys.float_info.max), (8193, 3, math.inf), (65, -4, math.inf)],
)
def test_known_bounds(place: int, schema: int, bound: float) -> None:
    assert exponential_bound(place, schema) == bound


def test_negative_buckets_come_first_and_end_where_they_are_nearest_to_zero() -> None:
    buckets = NativeBuckets.of(0, 0.001, [(1, 2)], [(-1, 1), (2, 1)], ())
    sample = buckets.sample(5, 10, 1.5, 1, [2, 3], [4, 0])
    assert (sample.at, sample.count, sample.sum) == (5, 10.0, 1.5)
    assert sample.bounds == (-2.0, -1.0, 0.001, 0.5)  # the last bucket is empty and leaves no bound
    assert sample.counts == (3, 2, 1, 4)


def test_own_bounds_are_all_there_and_what_lies_above_them_too() -> None:
    buckets = NativeBuckets.of(CUSTOM, 0.0, [], [(1, 1), (1, 1)], (0.1, 0.5, 1.0))
    sample = buckets.sample(0, 7, 9.0, 0, [], [3, 4])
    assert sample.bounds == (0.1, 0.5, 1.0, math.inf)
    assert sample.counts == (0, 3, 0, 4)


def test_a_stale_marker_has_no_buckets() -> None:
    sample = NativeBuckets.of(CUSTOM, 0.0, [], [], (0.1,)).sample(0, 0, STALE, 0, [], [])
    assert sample.ends
    assert sample.bounds == ()


def test_layouts_that_cannot_be_are_refused() -> None:
    with pytest.raises(Transient, match="schema 9"):
        NativeBuckets.of(9, 0.0, [], [], ())
    with pytest.raises(Transient, match="more buckets than bounds"):
        NativeBuckets.of(CUSTOM, 0.0, [], [(0, 3)], (0.1,))

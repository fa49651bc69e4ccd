"""Native histograms in the shape of classic ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.histograms import HistogramSample, as_classic, is_stale, le_text
from analyzer.stores.prometheus.points import Points
from exporters.recording.stale import STALE
from exporters.series import Series

TTFT = Series.of("ttft_seconds", [("pod", "a")])


def column(points: Points, name: str, le: str | None = None) -> list[float]:
    """The values of one of the series."""
    labels = [("pod", "a")] + ([("le", le)] if le else [])
    which = points.series.index(Series.of(name, labels))
    return [float(value) for value in points.values[points.which == which]]


def test_buckets_are_cumulative_and_an_empty_one_holds_what_is_below_it() -> None:
    points = as_classic(
        TTFT,
        [
            HistogramSample(1000, 6.0, 2.5, (0.1, 1.0), (2.0, 3.0)),
            HistogramSample(2000, 9.0, 4.5, (0.5, 1.0), (4.0, 5.0)),
        ],
    )
    assert column(points, "ttft_seconds_bucket", "0.1") == [2, 0]
    assert column(points, "ttft_seconds_bucket", "0.5") == [2, 4]
    assert column(points, "ttft_seconds_bucket", "1.0") == [5, 9]
    assert column(points, "ttft_seconds_bucket", "+Inf") == [6, 9]
    assert column(points, "ttft_seconds_count") == [6, 9]
    assert column(points, "ttft_seconds_sum") == [2.5, 4.5]
    assert len(points.series) == 6
    assert set(points.at[points.which == 0].tolist()) == {1000, 2000}


def test_the_end_of_a_histogram_ends_all_of_its_series() -> None:
    points = as_classic(
        TTFT, [HistogramSample(1000, 6.0, 2.5, (0.1,), (2.0,)), HistogramSample(2000, 0.0, STALE, (), ())]
    )
    ended = [is_stale(float(value)) for value in points.values[points.at == 2000]]
    assert ended == [True] * 4
    assert not any(is_stale(float(value)) for value in points.values[points.at == 1000])


def test_a_sum_that_is_no_number_ends_nothing() -> None:
    points = as_classic(TTFT, [HistogramSample(1000, 1.0, math.nan, (0.1,), (1.0,))])
    assert column(points, "ttft_seconds_count") == [1]
    assert math.isnan(column(points, "ttft_seconds_sum")[0])
    assert not any(is_stale(float(value)) for value in points.values)


def test_what_is_above_the_last_bound_stands_in_the_infinite_bucket_once() -> None:
    points = as_classic(TTFT, [HistogramSample(1000, 5.0, 1.0, (0.1, math.inf), (2.0, 3.0))])
    assert column(points, "ttft_seconds_bucket", "+Inf") == [5]
    assert len(points.series) == 4


def test_no_sample_is_no_point() -> None:
    assert len(as_classic(TTFT, [])) == 0


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (0.1, "0.1"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (0.0, "0.0"),
        (100_000.0, "100000.0"),
        (1e6, "1e+06"),
        (1_234_567.0, "1.234567e+06"),
        (1.5e15, "1.5e+15"),
        (1e21, "1e+21"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (math.inf, "+Inf"),
    ],
)
def test_bounds_are_spelled_as_prometheus_3_does(bound: float, text: str) -> None:
    assert le_text(bound) == text


@given(st.floats(allow_nan=False))
def test_a_spelled_bound_is_the_same_number(bound: float) -> None:
    assert float(le_text(bound)) == bound


FINITE = st.floats(-1e300, 1e300)
BUCKETS = st.dictionaries(FINITE, st.integers(0, 1000), max_size=6)


@given(st.lists(BUCKETS, min_size=1, max_size=5))
def test_each_sample_says_how_many_were_below_each_bound(rows: list[dict[float, int]]) -> None:
    samples = []
    for at, row in enumerate(rows):
        bounds = tuple(sorted(row))
        counts = tuple(float(row[bound]) for bound in bounds)
        samples.append(HistogramSample(at, sum(counts), 0.0, bounds, counts))
    points = as_classic(TTFT, samples)
    for which, series in enumerate(points.series):
        labels = dict(series.labels)
        if "le" in labels:
            limit = float(labels["le"])
            below = [sum(count for bound, count in row.items() if bound <= limit) for row in rows]
            assert np.array_equal(points.values[points.which == which], below)

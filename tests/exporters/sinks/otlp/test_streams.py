"""Since when counters count."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exporters.sinks.otlp.streams import Streams


def test_a_series_seen_first_starts_at_its_own_time_and_keeps_it() -> None:
    streams = Streams()
    assert [streams.start("a", at, (value,)) for at, value in ((10, 5.0), (20, 7.0), (30, 7.0))] == [10, 10, 10]


def test_a_fall_starts_anew_just_after_the_sample_before() -> None:
    streams = Streams()
    points = ((10, 5.0), (20, 7.0), (30, 1.0), (40, 2.0))
    assert [streams.start("a", at, (value,)) for at, value in points] == [10, 10, 20.001, 20.001]


def test_a_fall_right_after_the_first_sample_is_told_too() -> None:
    streams = Streams()
    assert [streams.start("a", at, (value,)) for at, value in ((10, 5.0), (20, 1.0))] == [10, 10.001]


def test_a_gauge_that_falls_is_no_restart() -> None:
    streams = Streams()
    assert [streams.start("a", at, ()) for at in (10, 20)] == [10, 10]


def test_a_histogram_restarts_when_any_bucket_falls_or_the_buckets_change() -> None:
    streams = Streams()
    points = ((10, (1.0, 4.0)), (20, (0.0, 9.0)), (30, (0.0, 9.0, 9.0)))
    assert [streams.start("a", at, counts) for at, counts in points] == [10, 10.001, 20.001]


def test_what_was_told_is_not_told_again() -> None:
    streams = Streams()
    assert [streams.start("a", at, (1.0,)) for at in (20, 20, 10, 30)] == [20, None, None, 20]


def test_series_that_are_told_no_more_are_forgotten() -> None:
    streams = Streams()
    streams.start("a", 10, (1.0,))
    streams.sweep(5_000.0)
    assert streams.start("a", 5_010, (2.0,)) == 5_010


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_the_increase_since_the_starts_is_what_was_counted(values: list[float]) -> None:
    """A reader who adds up each run of one start time finds what Prometheus' increase finds."""
    streams, seen, before = Streams(), 0.0, values[0]
    starts = [streams.start("a", at, (value,)) for at, value in enumerate(values)]
    for place, value in enumerate(values[1:], 1):
        is_new = starts[place] != starts[place - 1]
        seen += value if is_new else value - before
        assert is_new == (value < before)
        before = value
    falls = [(old, new) for old, new in pairwise(values) if new < old]
    expected = values[-1] - values[0] + sum(old for old, _ in falls)
    assert abs(seen - expected) <= 1e-6 * max(1.0, abs(expected), *values)

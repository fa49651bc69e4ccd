"""Answers in plain samples, whole, cut, and too large."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.errors import TooMuch, Transient
from analyzer.stores.prometheus.remote_read.remote_pb2 import BucketSpan, Histogram
from analyzer.stores.prometheus.remote_read.samples_answer import histogram_sample, time_series
from tests.analyzer.stores.prometheus.remote_read.conftest import KEPT, Recorded

ANSWER = Recorded(KEPT / "prom-3.16" / "read-samples-tokens").entity


def test_every_series_of_the_answer_is_there(kept: Callable[[str], Recorded]) -> None:
    recorded = kept("prom-3.16/read-samples-tokens")
    found = [{label.name: label.value for label in one.labels} for one in time_series(recorded.chunks())]
    assert found == [one["labels"] for one in recorded.expected]


@given(st.integers(0, len(ANSWER) - 1))
def test_a_cut_answer_is_an_error(end: int) -> None:
    with pytest.raises(Transient, match="cut or is damaged"):
        list(time_series([ANSWER[:end]]))


@given(st.binary(max_size=100))
def test_noise_in_the_block_is_read_or_refused(noise: bytes) -> None:
    with contextlib.suppress(Transient):
        list(time_series([pa.compress(noise, codec="snappy", asbytes=True)]))


def test_an_answer_that_would_fill_the_memory_is_too_much() -> None:
    with pytest.raises(TooMuch, match="ask for less"):
        list(time_series([b"\xff\xff\xff\xff\x0f"]))


def test_fractional_counts_are_as_they_are_and_whole_ones_are_differences() -> None:
    spans = [BucketSpan(offset=0, length=2)]
    whole = Histogram(count_int=5, sum=2.5, schema=0, positive_spans=spans, positive_deltas=[2, 1], timestamp=9)
    parts = Histogram(count_float=0.75, sum=2.5, schema=0, positive_spans=spans, positive_counts=[0.25, 0.5])
    assert histogram_sample(whole).counts == (2.0, 3.0)
    assert histogram_sample(whole).at == 9
    assert histogram_sample(parts).counts == (0.25, 0.5)
    assert histogram_sample(parts).count == 0.75

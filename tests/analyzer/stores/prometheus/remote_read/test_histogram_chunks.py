"""Chunks of native histograms: recorded ones are read in test_reader.py, here is what no server should send."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.remote_read.frames import frames
from analyzer.stores.prometheus.remote_read.histogram_chunks import decode
from analyzer.stores.prometheus.remote_read.remote_pb2 import Chunk, ChunkedReadResponse
from tests.analyzer.stores.prometheus.remote_read.conftest import Recorded


@given(st.binary(max_size=300), st.booleans())
def test_noise_is_decoded_or_refused(data: bytes, floats: bool) -> None:
    try:
        found = decode(data, floats)
    except Transient:
        return
    assert len(found) == int.from_bytes(data[:2], "big")


def test_a_chunk_that_was_cut_is_an_error(kept: Callable[[str], Recorded]) -> None:
    answers = map(ChunkedReadResponse.FromString, frames(kept("prom-3.16-nhcb/read-stream-ttft").chunks()))
    chunks = [chunk for answer in answers for one in answer.chunked_series for chunk in one.chunks]
    histograms = [chunk.data for chunk in chunks if chunk.type == Chunk.HISTOGRAM]
    assert histograms
    for data in histograms:
        assert len(decode(data, floats=False)) == int.from_bytes(data[:2], "big")
        for end in range(0, len(data), 61):
            with pytest.raises(Transient, match="damaged chunk"):
                decode(data[:end], floats=False)


def test_a_chunk_of_no_samples_has_none() -> None:
    assert decode(bytes(3), floats=False) == []

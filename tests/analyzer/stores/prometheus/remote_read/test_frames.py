"""Frames of a streamed answer, whole, cut and damaged."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.remote_read.frames import BrokenOff, frames
from tests.analyzer.stores.prometheus.remote_read.conftest import KEPT, Recorded

STREAM = Recorded(KEPT / "prom-3.16" / "read-stream-tokens").entity


@given(st.lists(st.integers(0, len(STREAM))))
def test_it_does_not_matter_how_the_network_cuts_the_body(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    found = list(frames(pieces))
    assert found == list(frames([STREAM]))
    assert len(found) == 4


@given(st.integers(0, len(STREAM)))
def test_a_cut_body_gives_whole_frames_and_an_error_unless_cut_between_two(end: int) -> None:
    whole = list(frames([STREAM]))
    borders = {0, *accumulate(len(frame) + 2 + 4 for frame in whole)}  # lengths of two bytes, a CRC of four
    found: list[bytes] = []
    try:
        found.extend(frames([STREAM[:end]]))
    except Transient:
        assert end not in borders
    else:
        assert end in borders
    assert found == whole[: len(found)]


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_no_damaged_byte_gets_through(place: int, flipped: int) -> None:
    damaged = bytearray(STREAM)
    damaged[place] ^= flipped
    with pytest.raises(Transient):
        list(frames([bytes(damaged)]))


def test_whole_frames_come_before_the_body_is_at_its_end() -> None:
    def pieces() -> list[bytes]:
        raise AssertionError("read too far")

    endless = (piece if piece else pieces()[0] for piece in (STREAM, b""))
    assert next(frames(endless))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x05", "cut inside a frame"),
        (b"\x05\0\0\0", "cut inside a frame"),
        (b"\x80\x80\x80\x80\x80\x80", "length of a frame is damaged"),
        (b"\xff\xff\xff\x7f" + bytes(64), "claims 268,435,455 bytes"),
        (b"\x01\0\0\0\0a", "CRC-32C is wrong"),
    ],
)
def test_what_is_wrong_is_said(body: bytes, why: str) -> None:
    with pytest.raises(Transient, match=why):
        list(frames([body]))


def test_the_recorded_damage_is_found(kept: Callable[[str], Recorded]) -> None:
    with pytest.raises(Transient, match="CRC-32C"):
        list(frames(kept("prom-3.16/damaged-read-stream-crc").chunks()))
    with pytest.raises(Transient, match="cut inside a frame"):
        list(frames([kept("prom-3.16/cut-read-stream").entity]))


@pytest.mark.parametrize("text", ["iterate chunk while re-encoding: detected unexpected counter reset", "ab" * 400])
def test_an_error_that_the_server_wrote_behind_its_frames_is_told(text: str) -> None:
    found: list[bytes] = []
    with pytest.raises(BrokenOff, match=text[:40]):
        found.extend(frames([STREAM, text.encode() + b"\n"]))
    assert len(found) == 4


def test_an_empty_body_is_no_series() -> None:
    assert list(frames([])) == []

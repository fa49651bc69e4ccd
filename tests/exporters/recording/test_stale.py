"""Which series have ended."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from exporters.recording.stale import STALE, LiveSeries
from exporters.series import Series

NAMES = [Series.of(name, ()) for name in "abcde"]


def test_the_marker_is_that_of_prometheus() -> None:
    assert struct.pack(">d", STALE).hex() == "7ff0000000000002"


def test_a_series_with_its_own_timestamp_does_not_end() -> None:
    live = LiveSeries()
    live.ended(NAMES[:2], [10, 7], 10)
    assert live.ended([], [], 20) == NAMES[:1]


def test_a_series_that_gets_its_own_timestamp_has_not_ended() -> None:
    live = LiveSeries()
    live.ended(NAMES[:1], [10], 10)
    assert live.ended(NAMES[:1], [15], 20) == []


@given(pages=st.lists(st.sets(st.sampled_from(NAMES)), max_size=8))
def test_ends_are_what_is_missing_from_page_to_page(pages: list[set[Series]]) -> None:
    live = LiveSeries()
    before: set[Series] = set()
    for at, page in enumerate(pages):
        ended = live.ended(list(page), [float(at)] * len(page), float(at))
        assert set(ended) == before - page
        assert len(ended) == len(before - page)
        before = page

"""Spans of time as people write them."""

from __future__ import annotations

import pytest

from exporters.recording.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("15", 15), ("15s", 15), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("0.5", 0.5)]
)
def test_reads(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1", "s", "1x", "1 m", "nan", "inf", "1m x", "1e9"])
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be more|is no span"):
        parse_duration(text)

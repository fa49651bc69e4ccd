"""The window that --since, --start and --end mean together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.commands.period import TimeError, add_period_arguments, parse_span, parse_time, window_of
from analyzer.stores.frame import Frame, Question
from analyzer.window import Window
from exporters.source import GpuyieldError

START = 1_794_268_800  # 2026-11-10 00:00 UTC
HOUR = 3600


class Held:
    """A store that only knows from when to when it goes."""

    description = "store there"
    remarks: list[str] = []  # noqa: RUF012 - the protocol's shape

    def __init__(self, extent: Window | None) -> None:
        self._extent = extent

    def extent(self) -> Window | None:
        return self._extent

    def expect(self, questions: Sequence[Question]) -> None:
        raise NotImplementedError

    def read(self, question: Question) -> Frame:
        raise NotImplementedError


DAY = Held(Window.of_seconds(START, START + 24 * HOUR))


def asked(words: str, store: Held = DAY, most_seconds: float = 1e9) -> tuple[float, float]:
    """Hours after START."""
    parser = argparse.ArgumentParser()
    add_period_arguments(parser)
    window = window_of(parser.parse_args(words.split()), store, most_seconds)
    return (window.start / 1e6 - START) / HOUR, (window.end / 1e6 - START) / HOUR


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("", (0, 24)),
        ("--since 2h", (22, 24)),
        ("--since 120m", (22, 24)),
        ("--start 2026-11-10T03:00:00Z", (3, 24)),
        ("--end 2026-11-10T03:00:00Z", (0, 3)),
        ("--end 2026-11-10T03:00:00Z --since 1h", (2, 3)),
        ("--start 2026-11-10T03:00:00Z --since 1h", (3, 4)),
        ("--start 2026-11-10T03:00:00Z --end 2026-11-10T05:00:00Z", (3, 5)),
        ("--start 2026-11-10T03:00:00+02:00 --end 2026-11-10T05:00:00", (1, 5)),
        (f"--start {START + HOUR} --end {START + 2 * HOUR}.0", (1, 2)),
        ("--end 2026-11-09T00:00:00Z", (-24 - 1 / 12, -24)),
    ],
)
def test_what_the_options_mean(words: str, hours: tuple[float, float]) -> None:
    assert asked(words) == hours


def test_a_command_that_looks_at_the_last_hours_looks_at_the_last_hours() -> None:
    assert asked("", most_seconds=6 * HOUR) == (18, 24)
    assert asked("--since 10h", most_seconds=6 * HOUR) == (14, 24)


def test_with_both_ends_given_the_store_is_not_asked() -> None:
    assert asked(f"--start {START} --end {START + HOUR}", Held(None)) == (0, 1)


def test_a_store_without_anything_says_what_it_needs() -> None:
    with pytest.raises(GpuyieldError, match="no series of a device, a node or an engine was found in store there"):
        asked("", Held(None))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--start 2026-11-10T05:00:00Z --end 2026-11-10T03:00:00Z", "from 2026-11-10T05:00:00Z to 2026-11-10T03:00"),
        ("--start 2027-01-01T00:00:00Z", "from 2027-01-01T00:00:00Z to 2026-11-11"),
        ("--since 0s", "must start before it ends"),
        ("--since 999999w", "before 1970"),
        ("--since week", "--since 'week' is no span"),
        ("--since -1h", "no span"),
        ("--start yesterday", "'yesterday' is no time: write 2026"),
        ("--start nan", "'nan' is no time"),
        ("--end inf", "'inf' is no time"),
        ("--start 1794268800000", "'1794268800000' is no time"),
        (f"--start {START} --end {START + HOUR} --since 1h", "give two of them"),
    ],
)
def test_what_makes_no_sense_is_told(words: str, told: str) -> None:
    with pytest.raises(TimeError) as caught:
        asked(words.replace("--since -1h", "--since=-1h"))
    assert told in str(caught.value)
    assert caught.value.exit_code == 2


@given(st.integers(0, 9_999_999_999))
def test_a_time_is_the_same_as_a_number_and_as_text(at: int) -> None:
    assert parse_time(str(at)) == parse_time(datetime.fromtimestamp(at, UTC).isoformat()) == at


@given(st.integers(1, 10_000), st.sampled_from([("m", 60, "s"), ("h", 60, "m"), ("d", 24, "h"), ("w", 7, "d")]))
def test_a_span_is_the_same_in_the_next_smaller_unit(number: int, units: tuple[str, int, str]) -> None:
    large, times, small = units
    assert parse_span(f"{number}{large}") == parse_span(f"{number * times}{small}")

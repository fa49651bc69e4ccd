"""Counters that begin again: a full register goes on rising, a restart is passed on."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from exporters.sources.nvidia.counters import Climb
from exporters.sources.nvidia.fields import FieldValue

NARROW, WIDE = 1 << 32, 1 << 64


@given(st.lists(st.integers(0, NARROW - 1), min_size=1, max_size=50))
def test_a_narrow_register_adds_up_to_what_went_by(steps: list[int]) -> None:
    climb = Climb()
    totals = [climb.total(FieldValue(total % NARROW, NARROW), False) for total in accumulate(steps)]
    assert [total - totals[0] for total in totals] == [total - steps[0] for total in accumulate(steps)]


@given(st.lists(st.integers(0, WIDE - 1), min_size=1, max_size=20))
def test_a_wide_register_is_told_as_it_stands(values: list[int]) -> None:
    climb = Climb()
    assert [climb.total(FieldValue(value, WIDE), False) for value in values] == values


def test_a_restart_of_the_device_is_not_taken_for_a_full_register() -> None:
    climb = Climb()
    assert climb.total(FieldValue(NARROW - 10, NARROW), False) == NARROW - 10
    assert climb.total(FieldValue(20, NARROW), False) == NARROW + 20
    assert climb.total(FieldValue(5, NARROW), True) == 5

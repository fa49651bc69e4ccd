"""A price is above 0, always."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing.price import amount
from tests.analyzer.pricing.conftest import price


@given(st.floats(max_value=0.0) | st.sampled_from([0.0, -0.0, math.nan, math.inf, -math.inf]))
def test_nothing_that_is_not_above_0_becomes_a_price(dollars: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        price(dollars)
    assert amount(dollars) is None
    assert amount(repr(dollars)) is None


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_an_amount_is_read_as_it_is_written(dollars: float) -> None:
    assert amount(repr(dollars)) == amount(dollars) == dollars


@pytest.mark.parametrize("value", ["", "free", None, [], "1e999", "0.0000000000"])
def test_what_is_no_amount_is_no_price(value: object) -> None:
    assert amount(value) is None


def test_a_stale_price_says_so() -> None:
    assert price(1.0).name == "test, 2026-11-01"
    assert replace(price(1.0), is_stale=True).name == "test, 2026-11-01, stale"

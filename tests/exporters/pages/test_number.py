"""The look at all figures at once says the same as the look at each."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.pages.number import milliseconds, number, numbers, seconds

TRAPS = ["1_000", "_1", "0x10", "+nan", "-NaN", "nan", "NaN", "Inf", "+Inf", "-Inf", "inf", "infinity", "+Infinity"]
TRAPS += ["1e999", "-1e999", "1e", "-.", ".", "+", "1.e3", ".5e-3"]
TRAPS += ["", " 1", "1 ", "1\t", "1\r", "1\x0b", "\x1f1", "٣", "1\u00a0", "1\x00", "InfInf", "NaN1", "1" * 400]


@given(st.lists(st.sampled_from(TRAPS) | st.floats().map(repr) | st.text("0123456789.eE+-naifNI_ ", max_size=6)))
@settings(max_examples=300, deadline=None)
def test_all_at_once(texts: list[str]) -> None:
    together = numbers(texts)
    if together is not None:
        assert list(map(repr, together)) == [repr(number(text)) for text in texts]


@pytest.mark.parametrize("texts", [[], ["1", "2.5", "-3e-7"], ["NaN", "NaN", "+Inf", "-Inf", "0"]])
def test_usual_figures_need_one_look(texts: list[str]) -> None:
    assert list(map(repr, numbers(texts) or [])) == list(map(repr, map(float, texts)))


def test_times() -> None:
    assert (milliseconds("-1"), milliseconds("1.0"), milliseconds("+1"), milliseconds("")) == (-0.001, None, None, None)
    assert (seconds("1e3"), seconds("NaN"), seconds("-Inf"), seconds("1_0")) == (1000, None, None, None)


def test_a_long_text_of_digits_takes_no_longer_than_its_length() -> None:
    digits = "9" * 200_000
    assert number(digits + "e") is None
    assert number(f"{digits}.{digits}x") is None
    assert number("0." + digits) == 1.0

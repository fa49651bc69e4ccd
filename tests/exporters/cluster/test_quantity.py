"""Kubernetes quantities, as they stand in nodes and pods."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.cluster.quantity import number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8", 8),
        (8, 8),
        ("47900m", 47.9),
        ("384Gi", 384 * 1024**3),
        ("2Ti", 2 * 1024**4),
        ("1k", 1000),
        ("1.5G", 1.5e9),
        ("1e3", 1000),
        ("12E", 12e18),
        ("100n", 1e-7),
        ("0", 0),
    ],
)
def test_each_spelling(text: str | int, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["", "many", "1 Gi", "1gi", "Gi", "0x10", "1ee3", "nan"])
def test_anything_else_is_not_known(text: str) -> None:
    assert number_of(text) is None


@settings(deadline=None)
@given(st.integers(0, 10**12))
def test_milli_is_a_thousandth(number: int) -> None:
    assert number_of(f"{number}m") == pytest.approx(number / 1000)


@settings(deadline=None)
@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert number_of(text) is None or isinstance(number_of(text), float)

"""Lines that stand for a while, and numbers as Go prints them."""

from __future__ import annotations

import numpy as np
import pytest

from exporters.simulation.standing import Line, flag_lines, go_number, standing_page
from exporters.simulation.steps import FOREVER, Span


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (110, "110"), (186.24, "186.24"), (999999, "999999"), (2**28, "2.68435456e+08"), (1e6, "1e+06")],
)
def test_numbers_as_go_prints_them(value: float, text: str) -> None:
    assert go_number(value) == text


def test_a_page_shows_the_lines_that_stand_at_its_time() -> None:
    lines = [
        Line("second", 'a="1"', 3, Span(0, FOREVER)),
        Line("first", 'a="1"', 1, Span(0, 10)),
        Line("first", 'a="1"', 2, Span(10, FOREVER)),
    ]
    page = standing_page(lines, {"first": "gauge", "second": "counter"})
    early, late = page.texts(np.array([9.9, 10.0]))
    assert early == b'# TYPE first gauge\nfirst{a="1"} 1\n# TYPE second counter\nsecond{a="1"} 3\n'
    assert late == early.replace(b"} 1\n", b"} 2\n")


def test_a_flag_is_one_in_its_spans_and_zero_between() -> None:
    lines = list(flag_lines("ready", "", [Span(5, 8), Span(12, FOREVER)], Span(0, 20)))
    assert [(line.value, line.span.start, line.span.end) for line in lines] == [
        (0, 0, 5),
        (1, 5, 8),
        (0, 8, 12),
        (1, 12, 20),
    ]

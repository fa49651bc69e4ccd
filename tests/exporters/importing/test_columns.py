"""The fast way takes exactly what the page parser would."""

from __future__ import annotations

from math import isnan, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.importing.columns import Cuts, read_columns
from exporters.importing.whole_series import WholeSeries
from exporters.pages.parser import Format, PageParser

SERIES = [
    "a",
    "a{}",
    'a{b="c"}',
    'a{b="c d",e="\\"}"}',
    '{"a b",c="d"}',
    'a{b="x # y"}',
    "a b",
    "# a",
    "",
    "9",
    'a{b="c"',
    'é{b="c"}',
]
VALUES = ["1", "-1.5e3", "+2", "NaN", "nan", "+Inf", "Inf", "-Inf", "1e999", "0x1", "1_0", "x", "", "1.", "٣", "-nan"]
STAMPS = ["1795363866", "1795363866.052", "1795363866052", "1e9", "x", "", "-1", "NaN", "+1", "1e999"]
LINES = st.builds(
    lambda series, value, stamp, space, tail: f"{series} {value}{space}{stamp}{tail}",
    st.sampled_from(SERIES),
    st.sampled_from(VALUES),
    st.sampled_from(STAMPS),
    st.sampled_from([" ", "  ", "\t", ""]),
    st.sampled_from(["", "", "", " ", ' # {id="z"} 1', ' # {id="z"} 1 1795363866']),
)


@settings(deadline=None)
@given(lines=st.lists(LINES, max_size=12), in_milliseconds=st.booleans())
def test_what_is_taken_is_what_the_parser_reads(lines: list[str], in_milliseconds: bool) -> None:
    chunk = "".join(line + "\n" for line in lines).encode()
    columns = read_columns(chunk, Cuts.of(chunk), WholeSeries({}).of, in_milliseconds)
    if columns is None:
        return
    assert sorted([*columns.lines.tolist(), *columns.left.tolist()]) == list(range(len(lines)))
    format_ = Format.TEXT if in_milliseconds else Format.OPENMETRICS
    for place, index in enumerate(columns.lines.tolist()):
        page = PageParser({}).lines(lines[index].encode() + b"\n", nan, format_)
        assert page.series == [columns.series[place]], lines[index]
        value = float(columns.values[place])
        assert page.values[0] == value or isnan(page.values[0]) == isnan(value) is True
        assert page.at[0] == float(columns.at[place])


def test_a_plain_export_is_taken_whole() -> None:
    chunk = b'a{b="c d"} 1 10.5\na{b="c d"} +Inf 25.5\nx NaN 40.5\nx 2 55.5\n'
    columns = read_columns(chunk, Cuts.of(chunk), WholeSeries({"job": "j"}).of, False)
    assert columns is not None
    assert not len(columns.left)
    assert columns.at.tolist() == [10.5, 25.5, 40.5, 55.5]
    assert [one.labels for one in columns.series[1:3]] == [(("b", "c d"), ("job", "j")), (("job", "j"),)]


@pytest.mark.parametrize(
    "text",
    ["a 5", 'a{b="c', "# TYPE a", "a 5 123 #", 'a 0 # {x="y"}', "a 0", "\xff"],
)
def test_what_is_no_whole_series(text: str) -> None:
    assert WholeSeries({}).of(text.encode("latin-1")) is None

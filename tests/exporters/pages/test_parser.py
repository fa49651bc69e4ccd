"""Each line form of the two text formats, and each trap met on real pages."""

from __future__ import annotations

from math import isnan

import pytest

from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser

AT = 7.0
Sample = tuple[str, dict[str, str], float, float]

TAKEN: dict[str, tuple[str, Sample]] = {
    "name only": ("a 5", ("a", {}, 5, AT)),
    "colons in names": ("vllm:a:b 5", ("vllm:a:b", {}, 5, AT)),
    "no braces content": ("a{} 5", ("a", {}, 5, AT)),
    "no braces content, a space inside": ("a{ } 5", ("a", {}, 5, AT)),
    "trailing comma": ('a{x="1",} 5', ("a", {"x": "1"}, 5, AT)),
    "trailing comma and space": ('a{x="1", } 5', ("a", {"x": "1"}, 5, AT)),
    "spaces everywhere": ('  a  { x = "1" , y = "2" }  5  ', ("a", {"x": "1", "y": "2"}, 5, AT)),
    "tabs everywhere": ('\ta\t{\tx\t=\t"1"\t}\t5\t1000\t', ("a", {"x": "1"}, 5, 1)),
    "no space after the braces": ('a{x="1"}5', ("a", {"x": "1"}, 5, AT)),
    "two spaces": ("a  5", ("a", {}, 5, AT)),
    "trailing space": ("a 5 ", ("a", {}, 5, AT)),
    "space before the braces": ('a {x="1"} 5', ("a", {"x": "1"}, 5, AT)),
    "labels in another order": ('a{y="2",x="1"} 5', ("a", {"x": "1", "y": "2"}, 5, AT)),
    "an empty label value is no label": ('a{x="",y="2"} 5', ("a", {"y": "2"}, 5, AT)),
    "escapes": (r'a{x="\\ \" \n \t"} 5', ("a", {"x": '\\ " \n \\t'}, 5, AT)),
    "an escaped backslash before the quote": (r'a{x="\\"} 5', ("a", {"x": "\\"}, 5, AT)),
    "an escaped backslash before n": (r'a{x="\\n"} 5', ("a", {"x": "\\n"}, 5, AT)),
    "separators inside quotes": ('a{x="},{= # \t"} 5', ("a", {"x": "},{= # \t"}, 5, AT)),
    "an exemplar inside quotes": ('a{x="b # {c",d="e # {"} 5 1000', ("a", {"x": "b # {c", "d": "e # {"}, 5, 1)),
    "a figure inside quotes": ('a{x="1 2 3"} 5', ("a", {"x": "1 2 3"}, 5, AT)),
    "other scripts": ('a{x="größe 温度"} 5', ("a", {"x": "größe 温度"}, 5, AT)),
    "line separators of Unicode are no line ends": (
        'a{x="1\u20282\x0b3\x854"} 5',
        ("a", {"x": "1\u20282\x0b3\x854"}, 5, AT),
    ),
    "NUL inside quotes": ('a{x="1\x002"} 5', ("a", {"x": "1\x002"}, 5, AT)),
    "quoted metric name": ('{"my.metric","la bel"="x",y="z"} 1', ("my.metric", {"la bel": "x", "y": "z"}, 1, AT)),
    "quoted metric name alone": ('{"my.metric"} 1', ("my.metric", {}, 1, AT)),
    "quoted metric name not first": ('{y="z","my.metric"} 1', ("my.metric", {"y": "z"}, 1, AT)),
    "escapes in quoted names": (r'{"a\"b","c\\d"="e"} 1', ('a"b', {"c\\d": "e"}, 1, AT)),
    "milliseconds": ("a 5 1500", ("a", {}, 5, 1.5)),
    "negative milliseconds": ("a 5 -1500", ("a", {}, 5, -1.5)),
    "time zero is a time": ("a 5 0", ("a", {}, 5, 0)),
    "exemplar": ('a_bucket{le="1"} 5 # {trace="t"} 0.5', ("a_bucket", {"le": "1"}, 5, AT)),
    "exemplar after a timestamp": ('a_bucket{le="1"} 5 2000 # {trace="}"} 0.5 1.5', ("a_bucket", {"le": "1"}, 5, 2)),
    "exemplar without labels": ("a_bucket 5 # {} 0.5", ("a_bucket", {}, 5, AT)),
    "infinity": ("a +Inf", ("a", {}, float("inf"), AT)),
    "negative infinity": ("a -Inf", ("a", {}, float("-inf"), AT)),
    "infinity in any case, written out": ("a iNFinity", ("a", {}, float("inf"), AT)),
    "exponent": ("a 1.795359217493541e+09", ("a", {}, 1795359217.493541, AT)),
    "bare point": ("a .5", ("a", {}, 0.5, AT)),
    "trailing point": ("a 5.", ("a", {}, 5, AT)),
    "underflow is zero": ("a 1e-999", ("a", {}, 0, AT)),
}
REFUSED = {
    "underscores, which float() takes": "a 1_000",
    "hexadecimal": "a 0x10",
    "hexadecimal float, which Go takes": "a 0x1p-2",
    "digits of another script, which float() takes": "a ٣",
    "a no-break space, which float() strips": "a 5\u00a0",
    "signed NaN, which float() takes": "a +NaN",
    "overflow, which float() takes for infinity": "a 1e999",
    "no figure": "a",
    "no figure after labels": 'a{x="1"}',
    "text": "a five",
    "a figure that runs into the name": "a+5",
    "two timestamps": "a 5 1 2",
    "fraction of a millisecond": "a 5 1.5",
    "timestamp beyond any clock": "a 5 99999999999999999999",
    "timestamp with underscore": "a 5 1_000",
    "no name": '{x="1"} 5',
    "empty quoted name": '{""} 5',
    "two names": 'a{"b"} 5',
    "two quoted names": '{"a","b"} 5',
    "label twice": 'a{x="1",x="2"} 5',
    "label twice, once quoted": 'a{x="1","x"="1"} 5',
    "empty label name": 'a{""="1"} 5',
    "the name as a label": 'a{__name__="b"} 5',
    "leading comma": 'a{,x="1"} 5',
    "only a comma": "a{,} 5",
    "two commas": 'a{x="1",,y="2"} 5',
    "no comma": 'a{x="1" y="2"} 5',
    "no quotes": "a{x=1} 5",
    "quote left open": 'a{x="1} 5',
    "quote escaped": 'a{x="1\\"} 5',
    "brace left open": 'a{x="1" 5',
    "dots need quotes": "my.metric 5",
    "dash in a label": 'a{x-y="1"} 5',
    "digit first": "1a 5",
    "NUL outside quotes": "a\x00 5",
    "comment that is no exemplar": "a 5 # five",
}


def samples(page: Page) -> list[Sample]:
    return [
        (series.name, dict(series.labels), value, at)
        for series, value, at in zip(page.series, page.values, page.at, strict=True)
    ]


@pytest.mark.parametrize("trap", TAKEN)
def test_line_is_taken_at_first_sight_and_when_known(trap: str) -> None:
    line, expected = TAKEN[trap]
    parser = PageParser()
    for body in (f"{line}\n", f"up 1\n{line}\n", f"{line}\nup 1\n"):
        page = parser.parse(body.encode(), AT)
        assert page.notes == []
        assert expected in samples(page)


@pytest.mark.parametrize("trap", REFUSED)
def test_line_is_refused_with_its_number_and_costs_nothing_else(trap: str) -> None:
    parser = PageParser()
    parser.parse(b'a{x="1"} 5\na 5\nb 6 1000\n', AT)
    for _ in range(2):
        page = parser.parse(f"up 1\n{REFUSED[trap]}\ndown 0\n".encode(), AT)
        assert [series.name for series in page.series] == ["up", "down"]
        assert [(note.line, note.kind) for note in page.notes] == [(2, "malformed")]


@pytest.mark.parametrize("line", ["a {count:1,sum:2.5}", 'a{x="1"} {count:1,sum:2}', 'a{x="1"} {"schema":3} 1000'])
def test_native_histogram_is_left_out_by_name(line: str) -> None:
    page = PageParser().parse(f"{line}\nb 1\n".encode(), AT)
    assert [series.name for series in page.series] == ["b"]
    assert [note.kind for note in page.notes] == ["native-histogram"]


@pytest.mark.parametrize("text", ["NaN", "nan", "NAN"])
def test_nan(text: str) -> None:
    assert isnan(PageParser().parse(f"a {text}\n".encode(), AT).values[0])


@pytest.mark.parametrize(("stamp", "at"), [("1.5", 1.5), ("-1.5e3", -1500.0), ("1795359561", 1795359561.0)])
def test_openmetrics_timestamps_are_seconds(stamp: str, at: float) -> None:
    assert PageParser().parse(f"a 5 {stamp}\n# EOF\n".encode(), AT, Format.OPENMETRICS).at == [at]


@pytest.mark.parametrize("stamp", ["NaN", "Inf", "1_0", "x"])
def test_openmetrics_timestamps_that_are_no_time(stamp: str) -> None:
    page = PageParser().parse(f"a 5 {stamp}\n# EOF\n".encode(), AT, Format.OPENMETRICS)
    assert [note.kind for note in page.notes] == ["malformed"]


def test_order_of_labels_does_not_matter() -> None:
    page = PageParser().parse(b'a{x="1",y="2"} 5\na{y="2",x="1"} 6\n', AT)
    assert page.values == [5]
    assert [(note.line, note.kind) for note in page.notes] == [(2, "duplicate")]


def test_the_first_of_two_is_kept_and_comments_do_not_shift_the_line_number() -> None:
    page = PageParser().parse(b"# a comment\na 5\n\nbad line here\nb 1\na 6\n", AT)
    assert page.values == [5, 1]
    assert [(note.line, note.kind) for note in page.notes] == [(4, "malformed"), (6, "duplicate")]


def test_the_same_series_at_another_time_is_no_duplicate() -> None:
    page = PageParser().parse(b"a 5 1000\na 6 2000\na 7\na 8 2000\n", AT)
    assert (page.values, page.at) == ([5, 6, 7], [1, 2, AT])
    assert [(note.line, note.kind) for note in page.notes] == [(4, "duplicate")]


def test_times_that_run_backwards_are_kept_and_noted() -> None:
    page = PageParser().parse(b"a 5 2000\na 6 1000\n", AT)
    assert page.values == [5, 6]
    assert [(note.line, note.kind) for note in page.notes] == [(2, "out-of-order")]


def test_shapes_of_lines_may_change_from_line_to_line() -> None:
    parser = PageParser()
    body = b'a 1\nb 2 1000\nc 3 # {t="1"} 5\nd 4 2000 # {t="1"} 5\na{x="1"} 5\nb{x="1"} 6 3000\n'
    for _ in range(3):
        page = parser.parse(body, AT)
        assert page.values == [1, 2, 3, 4, 5, 6]
        assert page.at == [AT, 1, AT, 2, AT, 3]


def test_a_family_that_ends_in_total_may_be_a_histogram() -> None:
    page = PageParser().parse(
        b"# TYPE vllm:iteration_tokens_total histogram\n"
        b'vllm:iteration_tokens_total_bucket{le="1.0"} 0\n'
        b"vllm:iteration_tokens_total_sum 0\nvllm:iteration_tokens_total_count 0\n"
        b"# TYPE vllm:iteration_tokens_total_created gauge\nvllm:iteration_tokens_total_created 1.7e9\n",
        AT,
    )
    assert [page.type_of(series.name) for series in page.series] == ["histogram"] * 3 + ["gauge"]


def test_openmetrics_families() -> None:
    page = PageParser().parse(
        b'# TYPE a counter\n# UNIT a seconds\n# HELP a \\"A\\" \\\\ \\n.\na_total 5\na_created 1.5\n'
        b'# TYPE b info\nb_info{v="1"} 1\n# TYPE c stateset\nc{c="on"} 1\n# TYPE d gaugehistogram\nd_gsum 1\n# EOF\n',
        AT,
        Format.OPENMETRICS,
    )
    assert page.types == {"a": "counter", "b": "info", "c": "stateset", "d": "gaugehistogram"}
    kinds = [page.type_of(series.name) for series in page.series]
    assert kinds == ["counter", "gauge", "info", "stateset", "gaugehistogram"]
    assert page.helps == {"a": '"A" \\ \n.'}
    assert (page.notes, page.complete) == ([], True)

"""Encodings, line ends, cuts, `# EOF`, and pages in chunks."""

from __future__ import annotations

import pytest

from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser

OM = Format.OPENMETRICS


def read(body: bytes, format: Format = Format.TEXT) -> Page:  # noqa: A002
    return PageParser().parse(body, 7.0, format)


def kinds(page: Page) -> list[tuple[int, str]]:
    return [(note.line, note.kind) for note in page.notes]


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/plain; version=1.0.0; charset=utf-8", b"# EOF\n", Format.TEXT),
        ("Application/OpenMetrics-Text; version=1.0.0", b"", OM),
        ("", b"a 1\n# EOF\n", OM),
        ("application/octet-stream", b"a 1\n# EOF", OM),
        ("", b"a 1\n", Format.TEXT),
    ],
)
def test_format(content_type: str, body: bytes, expected: Format) -> None:
    assert Format.of(content_type, body) is expected


def test_a_cut_figure_is_not_taken_though_it_still_is_a_figure() -> None:
    whole = b"a 1\nb 123456\n"
    parser = PageParser()
    for length in range(5, len(whole)):
        page = parser.parse(whole[:length], 7.0)
        assert (page.values, page.complete, kinds(page)) == ([1], False, [(2, "truncated")])
    assert parser.parse(whole, 7.0).complete
    assert parser.parse(whole[:-3], 7.0).values == [1]


def test_an_empty_page_is_complete_text_and_cut_openmetrics() -> None:
    assert read(b"").complete
    page = read(b"", OM)
    assert (page.complete, kinds(page)) == (False, [(1, "truncated")])


def test_openmetrics_without_the_end_is_cut() -> None:
    page = read(b"a 1\n", OM)
    assert (page.values, page.complete, kinds(page)) == ([1], False, [(2, "truncated")])


@pytest.mark.parametrize("end", [b"# EOF", b"# EOF\n", b"# EOF\r\n", b"# EOF\n\n"])
def test_the_end(end: bytes) -> None:
    page = read(b"a 1\n" + end, OM)
    assert (page.complete, page.notes) == (True, [])


@pytest.mark.parametrize("rest", [b"b 2\n", b"b 2", b"\n# EOF\n"])
def test_nothing_is_read_after_the_end(rest: bytes) -> None:
    page = read(b"a 1\n# EOF\n" + rest, OM)
    assert page.values == [1]
    assert [note.kind for note in page.notes] == ["after-eof"]


def test_the_end_is_a_comment_in_text() -> None:
    assert read(b"a 1\n# EOF\nb 2\n").values == [1, 2]


def test_line_ends_of_windows_and_a_byte_order_mark() -> None:
    page = read(b'\xef\xbb\xbfa 1\r\n# TYPE b gauge\r\nb{x="\r"} 2 1000\r\n')
    assert (page.values, page.notes, page.types) == ([1, 2], [], {"b": "gauge"})
    assert page.series[1].labels == (("x", "\r"),)


def test_bytes_that_are_no_utf8_are_replaced_and_noted() -> None:
    page = read(b'a 1\nb{x="\xff"} 2\n')
    assert page.series[1].labels == (("x", "\ufffd"),)
    assert kinds(page) == [(2, "utf-8")]


def test_an_overlong_line_is_left_out() -> None:
    page = read(b'a{x="' + b"y" * (1 << 20) + b'"} 1\nb 2\n')
    assert (page.values, kinds(page)) == ([2], [(1, "long-line")])
    assert len(page.notes[0].text) < 300


def test_notes_are_bounded_and_counted() -> None:
    page = read(b"bad line\n" * 1500)
    assert (len(page.notes), page.more_notes) == (1000, 500)


def test_chunks_count_lines_on_and_keep_types() -> None:
    parser = PageParser()
    first = parser.lines(b"# TYPE a counter\na_total 1 1.5\nbad line\n", 7.0, OM)
    second = parser.lines(b"a_total 2 2.5\nbad line\na_total 2 2.5\n", 7.0, OM)
    last = parser.lines(b"a_total 3 3.5\n# EOF\nb 1\n", 7.0, OM)
    after = parser.lines(b"\nc 1\n", 7.0, OM)
    assert (kinds(first), kinds(second)) == ([(3, "malformed")], [(5, "malformed")])
    assert (second.values, second.at, second.type_of("a_total")) == ([2, 2], [2.5, 2.5], "counter")
    assert (first.complete, last.complete) == (False, True)
    assert (kinds(last), kinds(after)) == ([(9, "after-eof")], [(11, "after-eof")])
    assert after.values == []


def test_the_last_chunk_may_be_cut() -> None:
    parser = PageParser()
    parser.lines(b"a 1\n", 7.0)
    page = parser.lines(b"b 2\nc 3", 7.0)
    assert (page.values, page.complete, kinds(page)) == ([2], False, [(3, "truncated")])

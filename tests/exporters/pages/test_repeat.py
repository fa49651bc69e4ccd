"""A repeated scrape answers as if the page were read for the first time."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.pages.parser import Format, PageParser

RECORDED = Path(__file__).parents[2] / "recorded" / "vllm-0.32" / "page.prom"
FIRST = b"# TYPE a gauge\n# HELP a one\na 1\nb{x=\"1\"} 2\n"  # fmt: skip


@pytest.mark.parametrize(
    "second",
    [
        FIRST,
        FIRST.replace(b"a 1", b"a 9"),
        FIRST.replace(b"gauge", b"counter"),
        FIRST.replace(b"one", b"two"),
        FIRST.replace(b"a 1", b"c 1"),
        FIRST.replace(b"a 1", b"a 1 1000"),
        FIRST.replace(b"a 1", b"a 1_0"),
        FIRST.replace(b"a 1", b"a 1e999"),
        FIRST.replace(b"a 1", b"a NaN"),
        FIRST.replace(b"a 1", b"# a 1"),
        FIRST.replace(b"# HELP a one", b"a 3"),
        FIRST.replace(b"a 1", b'b{x="1"} 1'),
        FIRST.replace(b"a 1\n", b""),
        FIRST + b"c 4\n",
        FIRST[:-1],
        b"",
    ],
)
def test_second_page(second: bytes) -> None:
    warm = PageParser()
    warm.parse(FIRST, 1.0)
    for at in (2.0, 3.0):
        assert repr(warm.parse(second, at)) == repr(PageParser().parse(second, at))
    assert warm.parse(FIRST, 4.0) == PageParser().parse(FIRST, 4.0)


def test_a_page_handed_out_may_be_changed() -> None:
    parser = PageParser()
    for _ in range(3):
        page = parser.parse(FIRST, 1.0)
        assert (page.values, len(page.series), page.types) == ([1, 2], 2, {"a": "gauge"})
        page.values.clear()
        page.series.clear()
        page.types.clear()


def test_another_format_reads_help_anew() -> None:
    parser = PageParser()
    body = b'# HELP a \\"\na 1\n# EOF\n'
    assert parser.parse(body, 1.0).helps == {"a": '\\"'}
    assert parser.parse(body, 1.0, Format.OPENMETRICS).helps == {"a": '"'}


def test_recorded_page() -> None:
    body = RECORDED.read_bytes()
    parser = PageParser()
    first = parser.parse(body, 1.0)
    assert (len(first.series), first.notes, first.complete) == (430, [], True)
    assert first.type_of("vllm:iteration_tokens_total_bucket") == "histogram"
    assert parser.parse(body, 1.0) == first
    moved = parser.parse(body.replace(b" 646.0\n", b" 647.0\n"), 1.0)
    assert [value for value in moved.values if value == 647] == [647.0] * first.values.count(646)

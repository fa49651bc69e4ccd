"""Target labels, over-long values, and the bound."""

from __future__ import annotations

from exporters.pages.parser import PageParser
from exporters.pages.series_cache import LABEL_VALUE_MAX, SeriesCache
from exporters.series import Series


def test_a_clashing_label_of_the_page_is_kept_as_exported() -> None:
    parser = PageParser({"cluster": "c1", "job": "j", "empty": ""})
    page = parser.parse(b'a{cluster="own",x="1"} 5\nb{cluster=""} 6\na{cluster="own",exported_cluster="e"} 7\n', 0.0)
    assert [dict(series.labels) for series in page.series] == [
        {"cluster": "c1", "job": "j", "exported_cluster": "own", "x": "1"},
        {"cluster": "c1", "job": "j"},
        {"cluster": "c1", "job": "j", "exported_cluster": "e", "exported_exported_cluster": "own"},
    ]


def test_an_overlong_value_is_cut_noted_each_time_and_stays_distinct() -> None:
    long = "y" * (LABEL_VALUE_MAX + 1)
    parser = PageParser()
    for _ in range(2):
        page = parser.parse(f'a{{x="{long}1"}} 5\na{{x="{long}2"}} 6\n'.encode(), 0.0)
        assert page.values == [5, 6]
        assert all(len(series.labels[0][1]) == LABEL_VALUE_MAX for series in page.series)
        assert [(note.line, note.kind) for note in page.notes] == [(1, "long-label"), (2, "long-label")]


def test_the_cache_keeps_what_is_seen_and_drops_what_is_not() -> None:
    cache = SeriesCache({}, 10)
    steady = Series.of("steady", [])
    cache.put("steady", steady)
    cache.put("gone", Series.of("gone", []))
    for scrape in range(50):
        cache.put(f"churn {scrape}", Series.of("churn", [("scrape", str(scrape))]))
        assert cache.get("steady") is steady
        assert len(cache) <= 10
    assert cache.get("gone") is None


def test_a_page_larger_than_the_cache_is_read_all_the_same() -> None:
    body = "".join(f'a{{x="{row}"}} {row}\n' for row in range(100)).encode()
    parser = PageParser(series_kept=10)
    for scrape in range(3):
        assert parser.parse(body + f"b {scrape}\n".encode(), 0.0).values == [*range(100), scrape]

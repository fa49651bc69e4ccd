"""What a scrape adds to the page, and what has ended."""

from __future__ import annotations

import math

import pytest

from exporters.recording.fetch import Answer
from exporters.recording.scrape import Scrape, Scraper
from exporters.recording.targets import make_target
from exporters.source import SourceFailed


def rows(scrape: Scrape) -> dict[str, float]:
    assert len(scrape.series) == len(scrape.values) == len(scrape.at)
    return {one.name: value for one, value in zip(scrape.series, scrape.values, strict=True)}


def ended(scrape: Scrape) -> set[str]:
    return {name for name, value in rows(scrape).items() if math.isnan(value)}


def test_good_page() -> None:
    scrape = Scraper(make_target("h:1", {}, 1)).scrape(Answer(b"a 1\nb 2\n", ""), 100.0, 0.0)
    found = rows(scrape)
    assert found.pop("scrape_duration_seconds") > 0
    assert found == {"a": 1, "b": 2, "up": 1, "scrape_samples_scraped": 2}
    assert set(scrape.at) == {100.0}
    assert {one.labels for one in scrape.series} == {(("instance", "h:1"), ("job", "record"))}


def test_series_that_leave_are_stale() -> None:
    scraper = Scraper(make_target("h:1", {}, 1))
    scraper.scrape(Answer(b"a 1\nb 2\n", ""), 100.0, 0.0)
    assert ended(scraper.scrape(Answer(b"a 1\n", ""), 101.0, 0.0)) == {"b"}
    assert ended(scraper.scrape(Answer(b"a 1\n", ""), 102.0, 0.0)) == set()


@pytest.mark.parametrize(
    "answer",
    [
        SourceFailed("status 500"),
        Answer(b"a 1\nb", "text/plain"),
        Answer(b"a 1\n", "application/openmetrics-text"),
        Answer(b"<html>\n", "text/html"),
        Answer(b"", ""),
    ],
)
def test_failure_ends_everything_once(answer: Answer | SourceFailed) -> None:
    scraper = Scraper(make_target("h:1", {}, 1))
    scraper.scrape(Answer(b"a 1\n", ""), 100.0, 0.0)
    failed = scraper.scrape(answer, 101.0, 0.0)
    assert failed.failure
    assert ended(failed) == {"a"}
    assert (rows(failed)["up"], rows(failed)["scrape_samples_scraped"]) == (0, 0)
    assert ended(scraper.scrape(answer, 102.0, 0.0)) == set()


def test_times_that_no_clock_has() -> None:
    page = b"a 1 -5\nb 1 99999999999999999\nc 1 5000\n"
    scrape = Scraper(make_target("h:1", {}, 1)).scrape(Answer(page, ""), 100.0, 0.0)
    assert {"a", "b", "c"} & set(rows(scrape)) == {"c"}


def test_bad_lines_cost_themselves_and_are_remarked() -> None:
    scrape = Scraper(make_target("h:1", {}, 1)).scrape(Answer(b"a 1\nb{\n", ""), 100.0, 0.0)
    assert rows(scrape)["up"] == 1
    assert scrape.failure == ""
    assert scrape.remark.startswith("1 lines were not taken as they stand; line 2: ")

"""One scrape: the page's samples, what Prometheus adds to each scrape, and stale markers for what has ended."""

from __future__ import annotations

import time
from array import array
from dataclasses import dataclass

from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser
from exporters.recording.fetch import Answer
from exporters.recording.stale import STALE, LiveSeries
from exporters.recording.targets import Target
from exporters.series import Series
from exporters.source import SourceFailed

_LATEST = 253_402_300_799.0  # the end of the year 9999
_EMPTY: tuple[list[Series], list[float], list[float]] = ([], [], [])


@dataclass(frozen=True, slots=True)
class Scrape:
    """Samples in parallel columns, `at` in seconds UTC.

    `failure` is the reason why `up` is 0, "" where it is 1; `remark` says what was wrong about a page that was taken.
    """

    series: list[Series]
    values: array[float]
    at: array[float]
    failure: str
    remark: str = ""


class Scraper:
    """Makes samples of what one target answers. Not for several threads."""

    def __init__(self, target: Target) -> None:
        self._parser = PageParser(dict(target.labels))
        self._up, self._duration, self._scraped = (
            Series.of(name, target.labels) for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped")
        )
        self._live = LiveSeries()

    def scrape(self, answer: Answer | SourceFailed, at: float, started: float) -> Scrape:
        """`at` is when the scrape began, `started` the same on the monotonic clock."""
        failure = str(answer) if isinstance(answer, SourceFailed) else ""
        remark = ""
        series, values, times = _EMPTY
        if isinstance(answer, Answer):
            page = self._parser.parse(answer.body, at, Format.of(answer.content_type, answer.body))
            failure = _fault(page)
            if not failure:
                series, values, times = _timed(page, at)
                remark = _remark(page)
        gone = self._live.ended(series, times, at)
        own = (float(not failure), time.monotonic() - started, float(len(series)))
        return Scrape(
            [*series, self._up, self._duration, self._scraped, *gone],
            array("d", [*values, *own, *[STALE] * len(gone)]),
            array("d", [*times, *[at] * (len(own) + len(gone))]),
            failure,
            remark,
        )


def _fault(page: Page) -> str:
    if not page.complete:
        return "a cut page"
    return "" if page.series else "no sample on the page"


def _remark(page: Page) -> str:
    if not page.notes:
        return ""
    first = page.notes[0]
    return f"{len(page.notes) + page.more_notes:,} lines were not taken as they stand; line {first.line}: {first.text}"


def _timed(page: Page, at: float) -> tuple[list[Series], list[float], list[float]]:
    """Without the samples whose own timestamp no clock has: before 1970 or after 9999."""
    if page.at.count(at) == len(page.at) or all(0 <= time <= _LATEST for time in page.at):
        return page.series, page.values, page.at
    kept = [index for index, time in enumerate(page.at) if 0 <= time <= _LATEST]
    return [page.series[i] for i in kept], [page.values[i] for i in kept], [page.at[i] for i in kept]

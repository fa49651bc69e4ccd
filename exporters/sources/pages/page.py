"""Reads one page, and tells what is understood of it under canonical names."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator

from exporters.metric import Metric, Sample
from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser
from exporters.recording.fetch import Fetcher
from exporters.source import SourceFailed
from exporters.sources.pages.address import PageAddress
from exporters.sources.pages.meaning import Meaning, Meanings, metrics

_BODY_BYTES = 4 << 20  # far more than a node of eight devices or an engine has to say; reading takes 15 times as much
_SERIES_KEPT = 20_000


class PageSource:
    """One page. A counter that falls is a restart of the program behind it, as on any page."""

    def __init__(self, address: PageAddress, timeout_seconds: float, tls: ssl.SSLContext) -> None:
        self._fetcher = Fetcher(address.url, timeout_seconds, tls, limit=_BODY_BYTES)
        self._parser = PageParser(series_kept=_SERIES_KEPT)
        self._meanings = Meanings(address.labels)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return metrics()

    def read(self) -> Iterable[Sample]:
        at = time.time()
        answer = self._fetcher.get()
        page = self._parser.parse(answer.body, at, Format.of(answer.content_type, answer.body))
        if not page.complete:
            raise SourceFailed("a cut page")
        samples = told(page, self._meanings)
        if not samples:
            raise SourceFailed(f"none of its {len(page.series):,} series is known: is it DCGM's exporter or an engine?")
        return samples

    def close(self) -> None:
        self._fetcher.close()


def told(page: Page, meanings: Meanings) -> list[Sample]:
    """Of each thing what its best name says, where a release prints an old name beside the new one.

    Two samples of one series (a page that repeats a shared device for each pod) become the larger: for a device that
    is its true value, for a counter they are equal.
    """
    understood = list(_understood(page, meanings))
    best: dict[object, int] = {}
    for meaning, _, _ in understood:
        best[meaning.identity] = min(meaning.upstream.rank, best.get(meaning.identity, meaning.upstream.rank))
    found: dict[object, Sample] = {}
    for meaning, value, at in understood:
        if meaning.upstream.rank == best[meaning.identity]:
            sample = meaning.sample(value, at)
            key = sample.name, sample.labels
            if key not in found or found[key].value < sample.value:
                found[key] = sample
    return list(found.values())


def _understood(page: Page, meanings: Meanings) -> Iterator[tuple[Meaning, float, float]]:
    for series, value, at in zip(page.series, page.values, page.at, strict=True):
        for meaning in meanings.of(series):
            if meaning.takes(value):
                yield meaning, value, at

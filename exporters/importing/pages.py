"""Reads a folder of pages, each named by the time of its scrape: the history of one target.

The samples are those that `gpuyield record` would have written: `up` for each page, and a stale marker where a series
left the page, except after a cut page, which shows only a part.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from exporters.importing.batch import Batch, Found, found, keep_timed
from exporters.importing.lines import Input
from exporters.pages.page import Page
from exporters.pages.parser import Format, PageParser
from exporters.recording.stale import STALE, LiveSeries
from exporters.series import Series

PAGE_BYTES = 256 << 20
_NAME = re.compile(r"(\d{8,10}(?:\.\d+)?)\.prom(?:\.gz)?", re.ASCII)


def scrape_time(name: str) -> float | None:
    """Unix seconds, if the file name is that of a page."""
    match = _NAME.fullmatch(name)
    return float(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class PageFolder:
    """One target: its folder, and its pages in the order of time."""

    folder: Path
    pages: tuple[Path, ...]


def read_pages(target: PageFolder, labels: Mapping[str, str]) -> Iterator[Batch]:
    """One batch per page. The target is called by its folder's name unless `labels` say `instance`."""
    labels = {"instance": target.folder.resolve().name, **labels}
    parser = PageParser(labels)
    up = Series.of("up", labels.items())
    live = LiveSeries()
    done = 0
    for path in target.pages:
        at = scrape_time(path.name) or nan
        with Input(path) as file:
            body = file.read(PAGE_BYTES)
            page = parser.parse(body, at, Format.of("", body))
            notes = found(path, page.notes)
            if file.damage or file.read(1):
                notes.append(
                    Found(path, 0, "truncated", file.damage or f"over {PAGE_BYTES:,} bytes: the rest is not read")
                )
                page.complete = False
        done += path.stat().st_size
        yield keep_timed(_batch(page, path, at, up, live, notes, done), path, lambda _: 0)


def _batch(page: Page, path: Path, at: float, up: Series, live: LiveSeries, notes: list[Found], done: int) -> Batch:
    is_up = bool(page.series)
    if not is_up:
        notes.append(Found(path, 1, "empty", "no sample on this page: up is 0 there"))
    gone: Sequence[Series] = live.ended(page.series, page.at, at) if page.complete else ()
    return Batch(
        [*page.series, up, *gone],
        array("d", [*page.values, float(is_up), *[STALE] * len(gone)]),
        array("d", [*page.at, at, *[at] * len(gone)]),
        notes,
        page.more_notes,
        done,
    )

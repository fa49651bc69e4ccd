"""Reads exposition pages of one target: Prometheus text 0.0.4 and 1.0.0, and OpenMetrics 1.0.

Nothing on a page is an error: what cannot be taken is a note with its line, and the rest of the page is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporters.pages.body import Format, Reading
from exporters.pages.duplicate import drop_duplicates
from exporters.pages.page import Notes, Page
from exporters.pages.repeat import LastPage
from exporters.pages.series_cache import SeriesCache
from exporters.pages.walk import Walk
from exporters.series import Series

__all__ = ["Format", "PageParser"]

SERIES_KEPT = 200_000  # of 1.7 kB each where a line has 275 characters


class PageParser:
    """One per target: keeps the series cache, and the last page.

    `extra_labels` are the target's labels; a page's own label of the same name is kept as `exported_<label>`.
    """

    def __init__(self, extra_labels: Mapping[str, str] = {}, series_kept: int = SERIES_KEPT) -> None:
        self._cache = SeriesCache(extra_labels, series_kept)
        self._last = LastPage()
        self._last_reading = Reading(Format.TEXT)
        self._stream: Reading | None = None
        self._shape = (False, False)  # timestamps, exemplars

    def parse(self, body: bytes, at: float, format: Format = Format.TEXT) -> Page:  # noqa: A002
        """A whole page. `at`, seconds UTC, is the time of samples without a timestamp."""
        reading = Reading(format)
        notes = Notes()
        lines = reading.lines(body, notes)
        if format is Format.OPENMETRICS and not reading.complete and not reading.cut:
            notes.add(len(lines) + 1, "truncated", "no # EOF at the end")
        known = self._last.read(lines, self._cache.young) if format is self._last_reading.format else None
        if known is not None:
            reading.types, reading.helps = self._last_reading.types.copy(), self._last_reading.helps.copy()
            return _page(*known, [at] * len(known[0]), notes, reading)
        walk = self._walk(lines, reading, notes)
        values, times = walk.finish(lines, at)
        drop_duplicates(walk, values, times, notes, len(lines))
        self._last.forget()
        if not notes.kept and not walk.stamps:
            self._last.remember(lines, walk.others, walk.series, values)
            self._last_reading = Reading(format, 0, reading.types.copy(), reading.helps.copy())
        return _page(walk.series, values, times, notes, reading)

    def lines(self, chunk: bytes, at: float, format: Format = Format.TEXT) -> Page:  # noqa: A002
        """The next whole lines of a page too long to be held: line numbers go on, duplicates are not looked for.

        `types` and `helps` are those of the page so far; `complete` is right after the last chunk.
        """
        reading = self._stream = self._stream or Reading(format)
        notes = Notes()
        lines = reading.lines(chunk, notes)
        walk = self._walk(lines, reading, notes)
        values, times = walk.finish(lines, at)
        reading.done += chunk.count(b"\n")
        return _page(walk.series, values, times, notes, reading)

    def _walk(self, lines: list[str], reading: Reading, notes: Notes) -> Walk:
        walk = Walk(
            self._cache,
            notes,
            reading.format is Format.OPENMETRICS,
            *self._shape,
            reading.done + 1,
            reading.types,
            reading.helps,
        )
        walk.walk(lines)
        self._shape = walk.stamped, walk.exemplars
        return walk


def _page(series: list[Series], values: list[float], at: list[float], notes: Notes, reading: Reading) -> Page:
    notes.kept.sort(key=lambda note: note.line)
    return Page(
        series, values, at, notes.kept, reading.types.copy(), reading.helps.copy(), reading.complete, notes.more
    )

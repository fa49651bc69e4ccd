"""Which cells are closed, and in which portions they are computed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analyzer.window import CELL, CELL_SECONDS, Window

# The part that is computed at once: memory grows with it, and what was computed before it is lost by a kill.
_PORTION = 36 * CELL


def newest_end(extent: Window | None, now: float, settle_seconds: float) -> int | None:
    """The end of the newest closed cell, microseconds; nothing where no cell is closed.

    A cell closes when the store holds a sample past its end, and when so many seconds have gone by since: the pages
    that are scraped last, and the servers that are written to late, are in by then.
    """
    if extent is None:
        return None
    # `extent` ends with the cell of the newest sample, so the cell before that one is over in the store.
    end = min(extent.end - CELL, math.floor((now - settle_seconds) / CELL_SECONDS) * CELL)
    return end if end > extent.start else None


def portions(start: int, end: int) -> Iterator[Window]:
    """The time from `start` to `end` in windows that are computed one after the other."""
    for since in range(start, end, _PORTION):
        yield Window(since, min(since + _PORTION, end))

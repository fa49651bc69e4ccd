"""Stale markers: a series that was on the last page and is not on this one has ended, and a sample says so."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from exporters.series import Series

STALE: float = struct.unpack(">d", bytes.fromhex("7ff0000000000002"))[0]  # the NaN that Prometheus uses for it


class LiveSeries:
    """The series of one target that have not ended. Those with a timestamp of their own are not tracked, as there."""

    def __init__(self) -> None:
        self._live: dict[int, Series] = {}

    def ended(self, series: Sequence[Series], at: Iterable[float], scraped_at: float) -> list[Series]:
        """Takes over a page's series and gives those that were live and are not on it; an empty page ends all."""
        now = {one.key: one for one, time in zip(series, at, strict=True) if time == scraped_at}
        on_page = now.keys() if len(now) == len(series) else {one.key for one in series}
        gone = [one for key, one in self._live.items() if key not in on_page]
        self._live = now
        return gone

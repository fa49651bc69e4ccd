"""A scrape target: when Prometheus asks it, what labels it attaches, and which answers get lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

import numpy as np
import numpy.typing as npt

from exporters.series import Labels
from exporters.simulation.steps import Floats, Span

_PAGES_AT_ONCE = 1024  # bounds the memory of a rendering: some megabytes of numbers


class Page(Protocol):
    """Something that renders itself at given instants."""

    def answers(self, times: Floats) -> npt.NDArray[np.bool_]:
        """Whether it answers at each instant."""

    def texts(self, times: Floats) -> Iterator[bytes]:
        """The page at each of these instants, all of which it answers."""


@dataclass(frozen=True, slots=True)
class Target:
    """One scraped address. `labels` are what a Prometheus attaches; they are not on the page.

    With `honor_labels` a label of the page wins over one of these; without, it is renamed to `exported_...`.
    """

    labels: Labels
    honor_labels: bool
    interval_seconds: float
    known: Span  # while service discovery lists it
    window: Span
    seed: int
    lost_ratio: float  # of the scrapes time out
    page: Page

    @property
    def name(self) -> str:
        found = dict(self.labels)
        return f"{found['job']} {found['instance']}"

    def pages(self, since: float, until: float) -> Iterator[tuple[float, bytes | None]]:
        """(scrape time, page) for each scrape from `since` up to `until`; None when it failed."""
        times, lost = self._scrapes()
        wanted = (times >= max(since, self.known.start)) & (times < min(until, self.known.end, self.window.end))
        times, lost = times[wanted], lost[wanted]
        for first in range(0, len(times), _PAGES_AT_ONCE):
            chunk = times[first : first + _PAGES_AT_ONCE]
            answered = self.page.answers(chunk) & ~lost[first : first + _PAGES_AT_ONCE]
            texts = self.page.texts(chunk[answered])
            for at, got in zip(chunk.tolist(), answered.tolist(), strict=True):
                yield at, next(texts) if got else None

    def _scrapes(self) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """All scrape times of the window with offset and jitter, in whole milliseconds; and which of them are lost."""
        rng = np.random.default_rng((self.seed, crc32(self.name.encode())))
        offset = rng.uniform(0.5, self.interval_seconds - 0.5)
        count = int((self.window.end - self.window.start - offset) // self.interval_seconds) + 1
        times = self.window.start + offset + np.arange(count) * self.interval_seconds
        times += np.clip(rng.normal(0, 0.04, count), -0.2, 0.2)
        return np.round(times, 3), rng.random(count) < self.lost_ratio

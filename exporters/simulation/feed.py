"""Writes the pages of simulated targets into a store, as a recorder would have scraped them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from exporters.pages.parser import PageParser
from exporters.recording.stale import STALE, LiveSeries
from exporters.series import Series
from exporters.simulation.fleet import demo_fleet
from exporters.simulation.target import Target
from exporters.store.writer import StoreWriter

_DAY_SECONDS = 86_400.0


def feed_targets(seed: int, start: float, end: float, numbers: list[int], store: Path) -> int:
    """Scrapes the numbered targets from `start` to `end` (unix seconds); gives the number of samples.

    The fleet is made again from its seed, so that this can run in a process of its own.
    """
    fleet = demo_fleet(seed, start, (end - start) / _DAY_SECONDS)
    return scrape_into(store, [fleet.targets[number] for number in numbers], start, end)


def scrape_into(store: Path, targets: Iterable[Target], start: float, end: float) -> int:
    """Scrapes these targets from `start` to `end`; gives the number of samples."""
    with StoreWriter(store) as writer:
        for target in targets:
            _feed(target, start, end, writer)
    return writer.samples_written


def _feed(target: Target, start: float, end: float, writer: StoreWriter) -> None:
    labels = dict(target.labels)
    parser = PageParser({} if target.honor_labels else labels)
    up = Series.of("up", labels.items())
    live = LiveSeries()
    for at, body in target.pages(start, end):
        if body is None:
            gone = live.ended([], [], at)
            writer.add([up, *gone], [0.0, *[STALE] * len(gone)], [at] * (len(gone) + 1))
            continue
        page = parser.parse(body, at)
        gone = live.ended(page.series, page.at, at)
        writer.add(
            [*page.series, up, *gone],
            [*page.values, 1.0, *[STALE] * len(gone)],
            [*page.at, *[at] * (len(gone) + 1)],
        )

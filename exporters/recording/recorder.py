"""Runs one thread per target, so that a target which hangs or is dead delays no other."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

from exporters.recording.fetch import Answer, Fetcher
from exporters.recording.keeper import Keeper
from exporters.recording.scrape import Scraper
from exporters.recording.status import Status
from exporters.recording.targets import Target
from exporters.source import SourceFailed

_TEND_SECONDS = 0.2
_TIMEOUTS = 3  # at worst one to connect, one to the first byte, one to the last


class _Worker(Thread):
    """Scrapes one target at its beats. A daemon: the process does not wait for a target that hangs."""

    def __init__(
        self, target: Target, fetcher: Fetcher, first: float, stop: Event, keeper: Keeper, status: Status
    ) -> None:
        super().__init__(name=f"scrape {target.shown}", daemon=True)
        self._target = target
        self.fetcher = fetcher
        self._first = first
        self._stop_asked = stop
        self._keeper = keeper
        self._status = status
        self._scraper = Scraper(target)

    def run(self) -> None:
        beat = self._first
        try:
            while not self._stop_asked.wait(max(0.0, beat - time.monotonic())):
                self._scrape()
                beat = next_beat(beat, self._target.interval_seconds, time.monotonic())
        finally:
            self.fetcher.close()

    def _scrape(self) -> None:
        at, started = time.time(), time.monotonic()
        answer: Answer | SourceFailed
        try:
            answer = self.fetcher.get()
        except SourceFailed as failure:
            answer = failure
        scrape = self._scraper.scrape(answer, at, started)
        self._keeper.put(scrape)
        self._status.scraped(self._target, scrape.failure, scrape.remark)


def next_beat(beat: float, interval: float, now: float) -> float:
    """The next time in the rhythm of `beat` that is not past: beats missed meanwhile are left out."""
    return beat + interval * max(1, math.ceil((now - beat) / interval))


def record(
    targets: Sequence[Target],
    make_fetcher: Callable[[Target], Fetcher],
    keeper: Keeper,
    status: Status,
    is_over: Callable[[], bool],
    is_urgent: Callable[[], bool] = lambda: False,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Scrapes until `is_over`, then writes what is left. Each interval is spread evenly over the targets.

    Scrapes that are under way at the end may finish, unless `is_urgent`: no answer that a target gave in whole is lost.
    `tick` is called several times a second. Raises StoreError when the end cannot be written.
    """
    stop = Event()
    start = time.monotonic()
    workers = []
    for index, target in enumerate(targets):
        first = start + target.interval_seconds * index / len(targets)
        workers.append(_Worker(target, make_fetcher(target), first, stop, keeper, status))
    try:
        for worker in workers:
            worker.start()
        while not is_over():
            time.sleep(_TEND_SECONDS)
            keeper.tend()
            tick()
    finally:
        stop.set()
        _await([worker for worker in workers if worker.ident is not None], is_urgent)
        keeper.close()


def _await(workers: Sequence[_Worker], is_urgent: Callable[[], bool]) -> None:
    """Waits for the scrapes under way, each at most for its own time."""
    now = time.monotonic()
    for worker in workers:
        patience = now + _TIMEOUTS * worker.fetcher.timeout_seconds
        while worker.is_alive() and time.monotonic() < patience and not is_urgent():
            worker.join(_TEND_SECONDS)

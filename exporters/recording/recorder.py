"""Runs one thread per target, so that a target which hangs or is dead delays no other."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread

from exporters.recording.fetch import Answer, Fetcher
from exporters.recording.keeper import Keeper
from exporters.recording.scrape import Scraper
from exporters.recording.status import Status
from exporters.recording.targets import Target
from exporters.source import SourceFailed

_TEND_SECONDS = 0.2
_GRACE_SECONDS = 2.0  # for answers that are on their way when the end comes


class _Worker(Thread):
    """Scrapes one target at its beats. A daemon: the process does not wait for a target that hangs."""

    def __init__(
        self, target: Target, fetcher: Fetcher, first: float, stop: Event, keeper: Keeper, status: Status
    ) -> None:
        super().__init__(name=f"scrape {target.shown}", daemon=True)
        self._target = target
        self._fetcher = fetcher
        self._first = first
        self._stop_asked = stop
        self._keeper = keeper
        self._status = status
        self._scraper = Scraper(target)
        self.has_answer = False

    def run(self) -> None:
        beat = self._first
        try:
            while not self._stop_asked.wait(max(0.0, beat - time.monotonic())):
                self._scrape()
                beat = next_beat(beat, self._target.interval_seconds, time.monotonic())
        finally:
            self._fetcher.close()

    def _scrape(self) -> None:
        at, started = time.time(), time.monotonic()
        answer: Answer | SourceFailed
        try:
            answer = self._fetcher.get()
        except SourceFailed as failure:
            if self._stop_asked.is_set():
                return  # it was not given its time
            answer = failure
        self.has_answer = True
        scrape = self._scraper.scrape(answer, at, started)
        self._keeper.put(scrape)
        self._status.scraped(self._target, scrape.failure)
        self.has_answer = False


def next_beat(beat: float, interval: float, now: float) -> float:
    """The next time in the rhythm of `beat` that is not past: beats missed meanwhile are left out."""
    return beat + interval * max(1, math.ceil((now - beat) / interval))


def record(
    targets: Sequence[Target],
    keeper: Keeper,
    status: Status,
    is_over: Callable[[], bool],
    timeout_seconds: float,
    token_file: Path | None = None,
) -> None:
    """Scrapes until `is_over`, then writes what is left. Each interval is spread evenly over the targets.

    An answer that is there in whole when the end comes is kept. Raises StoreError when the end cannot be written.
    """
    stop = Event()
    tls = ssl.create_default_context()
    start = time.monotonic()
    workers = []
    for index, target in enumerate(targets):
        fetcher = Fetcher(target.url, min(timeout_seconds, target.interval_seconds), tls, token_file)
        first = start + target.interval_seconds * index / len(targets)
        workers.append(_Worker(target, fetcher, first, stop, keeper, status))
    try:
        for worker in workers:
            worker.start()
        while not is_over():
            time.sleep(_TEND_SECONDS)
            keeper.tend()
    finally:
        stop.set()
        _await(workers)
        keeper.close()


def _await(workers: Sequence[_Worker]) -> None:
    patience = time.monotonic() + _GRACE_SECONDS
    for worker in workers:
        if worker.ident is not None:
            worker.join(max(0.0, patience - time.monotonic()))
    for worker in workers:
        while worker.is_alive() and worker.has_answer:
            worker.join(0.05)

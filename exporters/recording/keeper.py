"""Holds what the scrapes bring until it is on the disk: the threads put, one thread writes.

Putting never waits for the disk.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Lock

from exporters.recording.scrape import Scrape
from exporters.recording.status import Say
from exporters.store.layout import StoreError
from exporters.store.writer import DEFAULT_SEGMENT_SAMPLES, StoreWriter

FLUSH_SECONDS = 60.0
RETRY_SECONDS = 10.0
_LAST_TRIES = 3


class Keeper:
    """A StoreWriter with an inbox. `put` is for any thread, the rest for one."""

    def __init__(self, store: Path, say: Say, flush_seconds: float = FLUSH_SECONDS) -> None:
        self._writer = StoreWriter(store, segment_samples=sys.maxsize)  # when to write is decided here
        self._say = say
        self._flush_seconds = flush_seconds
        self._lock = Lock()
        self._inbox: list[Scrape] = []
        self._unwritten = 0
        self._last_try = time.monotonic()
        self._failing = False

    @property
    def samples_written(self) -> int:
        return self._writer.samples_written

    @property
    def series_seen(self) -> int:
        return self._writer.series_seen

    def put(self, scrape: Scrape) -> None:
        """Takes a scrape over."""
        with self._lock:
            self._inbox.append(scrape)

    def tend(self) -> None:
        """To be called about every second: writes when it is time or when much has come."""
        self._empty_inbox()
        since = time.monotonic() - self._last_try
        is_full = self._unwritten >= DEFAULT_SEGMENT_SAMPLES and not self._failing
        if is_full or since >= (min(RETRY_SECONDS, self._flush_seconds) if self._failing else self._flush_seconds):
            self._try()

    def close(self, retry_seconds: float = 1.0) -> None:
        """Writes what is left. Raises StoreError when that fails several times."""
        self._empty_inbox()
        for _ in range(_LAST_TRIES - 1):
            if self._try():
                return
            time.sleep(retry_seconds)
        self._writer.flush()

    def _empty_inbox(self) -> None:
        with self._lock:
            scrapes, self._inbox = self._inbox, []
        for scrape in scrapes:
            self._writer.add(scrape.series, scrape.values, scrape.at)
            self._unwritten += len(scrape.at)

    def _try(self) -> bool:
        try:
            self._writer.flush()
        except StoreError as error:
            if not self._failing:
                self._say(f"{error} (it is tried again by itself)")
            self._failing = True
        else:
            if self._failing:
                self._say(f"the store can be written again: {self._unwritten:,} samples caught up")
            self._failing = False
            self._unwritten = 0
        self._last_try = time.monotonic()
        return not self._failing

"""Holds what the scrapes bring until it is on the disk: the threads put, one thread writes.

Putting never waits for the disk. While the disk refuses, what comes waits here; when too much waits the oldest goes.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from threading import Lock

import pyarrow as pa

from exporters.recording.compact import compact, own_segments
from exporters.recording.scrape import Scrape
from exporters.recording.status import Say
from exporters.store.layout import StoreError
from exporters.store.writer import DEFAULT_SEGMENT_SAMPLES, StoreWriter

FLUSH_SECONDS = 60.0
RETRY_SECONDS = 10.0
COMPACT_SECONDS = 3_600.0
SAMPLES_WAITING = 5_000_000  # some 150 MB
_LAST_TRIES = 3


class Keeper:
    """A StoreWriter with an inbox. `put` is for any thread, the rest for one."""

    def __init__(
        self, store: Path, say: Say, flush_seconds: float = FLUSH_SECONDS, samples_waiting: int = SAMPLES_WAITING
    ) -> None:
        self._is_own = own_segments(time.time_ns())
        self._writer = StoreWriter(store, segment_samples=sys.maxsize)  # when to write is decided here
        self._store = store
        self._say = say
        self._flush_seconds = flush_seconds
        self._samples_waiting = samples_waiting
        self._lock = Lock()
        self._inbox: deque[Scrape] = deque()
        self._in_inbox = 0
        self._unwritten = 0  # handed to the writer, not on the disk
        self._last_try = self._last_compaction = time.monotonic()
        self._failing = False
        self.samples_dropped = 0

    @property
    def samples_written(self) -> int:
        return self._writer.samples_written

    @property
    def samples_held(self) -> int:
        """Not on the disk yet."""
        return self._unwritten + self._in_inbox

    @property
    def series_seen(self) -> int:
        return self._writer.series_seen

    def put(self, scrape: Scrape) -> None:
        """Takes a scrape over; where too much waits, the scrapes that have waited longest are dropped and counted."""
        with self._lock:
            self._inbox.append(scrape)
            self._in_inbox += len(scrape.at)
            while self._in_inbox > self._samples_waiting and len(self._inbox) > 1:
                oldest = len(self._inbox.popleft().at)
                self._in_inbox -= oldest
                self.samples_dropped += oldest

    def tend(self) -> None:
        """To be called about every second: writes when it is time or when much has come."""
        since = time.monotonic() - self._last_try
        if self._failing:
            if since < min(RETRY_SECONDS, self._flush_seconds) or not self._try():
                return
            since = self._flush_seconds  # what waited meanwhile is written too
        self._empty_inbox()
        if since >= self._flush_seconds or self._unwritten >= DEFAULT_SEGMENT_SAMPLES:
            self._try()
        if time.monotonic() - self._last_compaction >= COMPACT_SECONDS:
            self._compact()

    def close(self, retry_seconds: float = 1.0) -> None:
        """Writes what is left. Raises StoreError when that fails several times."""
        self._empty_inbox()
        for _ in range(_LAST_TRIES - 1):
            if self._try():
                break
            time.sleep(retry_seconds)
        self._writer.flush()
        self._unwritten = 0
        self._compact()

    def _empty_inbox(self) -> None:
        with self._lock:
            scrapes, self._inbox = self._inbox, deque()
            self._unwritten += self._in_inbox
            self._in_inbox = 0
        for scrape in scrapes:
            self._writer.add(scrape.series, scrape.values, scrape.at)

    def _try(self) -> bool:
        try:
            self._writer.flush()
        except StoreError as error:
            if not self._failing:
                self._say(f"{error} (it is tried again by itself)")
            self._failing = True
        else:
            if self._failing:
                lost = f", {self.samples_dropped:,} had to be dropped" if self.samples_dropped else ""
                self._say(f"the store can be written again: {self.samples_held:,} samples caught up{lost}")
            self._failing = False
            self._unwritten = 0
        self._last_try = time.monotonic()
        return not self._failing

    def _compact(self) -> None:
        self._last_compaction = time.monotonic()
        try:
            compact(self._store, self._is_own)
        except (OSError, pa.ArrowException) as error:
            self._say(f"small segments stay as they are, which costs only speed: {error}")

"""Batches that wait to be sent, in order: in memory first, and where a folder is given, in files too.

A batch is in a file before it is sent, so that a killed process sends the rest when it is started again; its body also
stays in memory while there is room. Too much or too old, and the oldest go.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from exporters.sinks.delivery.batch import Batch
from exporters.sinks.delivery.segments import OVERHEAD_BYTES, Record, SegmentWriter, read_body, records_in, segments_in
from exporters.sinks.delivery.state import State, StateFiles
from exporters.sinks.delivery.tally import KILLED, Tally
from exporters.source import GpuyieldError

FULL, EXPIRED, UNREADABLE = "spool_full", "spool_age", "spool_unreadable"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a spool may hold. Without a folder `memory_bytes` is all there is."""

    memory_bytes: int = 16 * 2**20
    disk_bytes: int = 256 * 2**20
    age_seconds: float = 86_400.0
    segment_bytes: int = 4 * 2**20


@dataclass(slots=True)
class _Waiting:
    number: int
    samples: int
    at: float
    size: int
    body: bytes | None
    record: Record | None


class Spool:
    """Not thread-safe: its delivery has a lock."""

    def __init__(self, folder: Path | None, bounds: Bounds) -> None:
        self._bounds = bounds
        self._waiting: deque[_Waiting] = deque()
        self._bytes = self._memory_bytes = 0
        self._last = 0
        self._files = _Files(folder, bounds) if folder else None
        self.tally = Tally()
        if self._files:
            self._reopen(self._files)

    @property
    def bytes(self) -> int:
        return self._bytes

    @property
    def samples(self) -> int:
        return sum(one.samples for one in self._waiting)

    def put(self, batch: Batch) -> None:
        """A disk that does not take it leaves it in memory only."""
        self._last += 1
        size = len(batch.body) + OVERHEAD_BYTES
        record = self._files.append(self._last, batch) if self._files else None
        has_room = record is None or self._memory_bytes + size <= self._bounds.memory_bytes
        self._waiting.append(
            _Waiting(self._last, batch.samples, batch.at, size, batch.body if has_room else None, record)
        )
        self._bytes += size
        self._memory_bytes += size if has_room else 0

    def head(self) -> Batch | None:
        """The oldest; it stays until it is `settle`d. What cannot be read any more is dropped on the way."""
        while self._waiting:
            first = self._waiting[0]
            body = first.body if first.body is not None or first.record is None else read_body(first.record)
            if body is not None:
                return Batch(body, first.samples, first.at)
            self.tally.drop({UNREADABLE: first.samples})
            self._pop()
        return None

    def settle(self, rejected: dict[str, int]) -> None:
        """The head was answered."""
        self.tally.settle(self._waiting[0].samples, rejected)
        self._pop()

    def trim(self, now: float) -> None:
        """Lets go of what is too much or too old. Not while the head is being sent: its answer would be lost."""
        limit = self._bounds.disk_bytes if self._files else self._bounds.memory_bytes
        gone: Counter[str] = Counter()
        while self._waiting and (reason := self._overdue(self._waiting[0], now, limit)):
            gone[reason] += self._waiting[0].samples
            self._pop()
        self.tally.drop(gone)

    def keep(self) -> None:
        """Writes down how far it is."""
        if self._files:
            head = self._waiting[0].number if self._waiting else self._last + 1
            tally = self.tally
            self._files.keep(State(head - 1, tally.offered, tally.accepted, dict(tally.dropped)))

    def close(self) -> None:
        self.keep()
        if self._files:
            self._files.close()

    def _overdue(self, one: _Waiting, now: float, limit_bytes: int) -> str:
        if now - one.at > self._bounds.age_seconds:
            return EXPIRED
        in_memory_only = one.record is None and self._memory_bytes > self._bounds.memory_bytes
        return FULL if self._bytes > limit_bytes or in_memory_only else ""

    def _pop(self) -> None:
        gone = self._waiting.popleft()
        self._bytes -= gone.size
        self._memory_bytes -= gone.size if gone.body is not None else 0
        following = self._waiting[0].record if self._waiting else None
        if self._files and gone.record and (following is None or following.path != gone.record.path):
            self._files.leave(gone.record.path)

    def _reopen(self, files: _Files) -> None:
        """What the process before this one left; what it had in memory only is known by its count."""
        state = files.state.read()
        self.tally = Tally(state.offered, state.accepted, Counter(state.dropped))
        found = list(files.found(state.sent))
        for record in found:
            size = record.size + OVERHEAD_BYTES
            self._waiting.append(_Waiting(record.number, record.samples, record.at, size, None, record))
            self._bytes += size
        self._last = max(state.sent, found[-1].number if found else 0)
        self.tally.offered += max(0, self.samples - self.tally.on_the_way)
        self.tally.drop({KILLED: self.tally.on_the_way - self.samples})
        self.keep()


class _Files:
    """The folder of a spool: one process at a time."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GpuyieldError(f"{folder} is the spool of another process that runs; give another --spool") from None
        except OSError as error:
            raise GpuyieldError(f"{folder} cannot be a spool: {error.strerror}; give another --spool") from None
        self._folder = folder
        self._writer = SegmentWriter(folder, bounds.segment_bytes)
        self.state = StateFiles(folder)

    def found(self, sent: int) -> list[Record]:
        """Records that are not settled yet; files without any are removed."""
        found: list[Record] = []
        for path in segments_in(self._folder):
            left = [record for record in records_in(path) if record.number > sent]
            found += left
            if not left:
                self.leave(path)
        return found

    def append(self, number: int, batch: Batch) -> Record | None:
        try:
            return self._writer.append(number, batch)
        except OSError:
            return None

    def leave(self, path: Path) -> None:
        try:
            self._writer.leave(path)
        except OSError:
            return  # it is found again, and left out, at the next start

    def keep(self, state: State) -> None:
        try:
            self.state.write(state)
        except OSError:
            return  # an older state costs batches that are sent twice after a kill

    def close(self) -> None:
        os.close(self._lock)

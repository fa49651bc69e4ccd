"""Reads one source at its beats, on a thread of its own: a reading that hangs costs only its own samples."""

from __future__ import annotations

import math
import traceback
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread
from zlib import crc32

from exporters.agent.clock import Clock
from exporters.agent.log import Log
from exporters.agent.reading import Reading, State
from exporters.agent.snapshot import Snapshot
from exporters.metric import Sample
from exporters.source import Source, SourceAbsent, SourceFailed


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often, and for how long, all in seconds."""

    interval_seconds: float
    deadline_seconds: float  # a reading that takes longer makes its source unknown
    roster_seconds: float = 30.0  # from question to question: what exists here?
    forget_seconds: float = 86_400.0  # a source that vanished is told of as missing for so long

    @classmethod
    def of(cls, interval_seconds: float) -> Rhythm:
        return cls(interval_seconds, deadline_seconds=max(interval_seconds, 10.0))

    @property
    def keep_seconds(self) -> float:
        """Older samples are not shown: as in the ledger, a sample speaks for at most three intervals."""
        return 3 * self.interval_seconds


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all threads of one agent share."""

    rhythm: Rhythm
    snapshot: Snapshot
    log: Log
    clock: Clock
    stop: Event


class Worker(Thread):
    """Reads one source until the agent stops. A daemon: the process does not wait for a reading that hangs.

    The thread stays with its name. A source that comes back, or is replaced, is read by the thread that is there, so
    that however often a device comes and goes, at most one reading of it can hang.
    """

    def __init__(
        self, source_name: str, source: Source, order: int, around: Surroundings, interval_seconds: float
    ) -> None:
        super().__init__(name=f"read {source_name}", daemon=True)
        self._source_name = source_name
        self._source: Source | None = source
        self._around = around
        self._interval_seconds = interval_seconds
        self._lock = Lock()  # never held while a source is read
        self._reading = Reading(order)
        self._reason = ""
        self._busy_since: float | None = None
        self._missing_since: float | None = None
        self._answered = 0.0  # monotonic
        self._is_forgotten = False

    @property
    def has_begun(self) -> bool:
        """Whether anything is known of the source, be it that it does not answer."""
        return self._reading.state is not State.WAITING

    def run(self) -> None:
        clock = self._around.clock
        spread = crc32(self._source_name.encode()) / 2**32
        beat = clock.monotonic() + (0.5 + spread) * self._interval_seconds
        while not self._is_forgotten:
            self._read()
            if self._around.stop.wait(max(0.0, beat - clock.monotonic())):
                return
            beat = next_beat(beat, self._interval_seconds, clock.monotonic())

    def give(self, source: Source) -> None:
        """From now on this object is read."""
        with self._lock:
            self._source = source
            self._missing_since = None

    def lose(self) -> None:
        """The source is not found any more."""
        with self._lock:
            if self._missing_since is None:
                self._source = None
                self._missing_since = self._around.clock.monotonic()
                self._turn(State.MISSING, "it is not found any more")

    def look(self) -> bool:
        """To be called about every second: notices what hangs and what is too old. False: it can be forgotten."""
        with self._lock:
            now, rhythm = self._around.clock.monotonic(), self._around.rhythm
            if self._missing_since is not None:
                self._is_forgotten = now - self._missing_since > rhythm.forget_seconds
                return not self._is_forgotten
            if self._busy_since is not None and now - self._busy_since > rhythm.deadline_seconds:
                self._turn(State.OVERDUE, f"no answer in {rhythm.deadline_seconds:g} s", samples=self._reading.samples)
            if self._reading.samples and now - self._answered > rhythm.keep_seconds:
                self._put(replace(self._reading, samples=()))
            return True

    def _read(self) -> None:
        clock = self._around.clock
        with self._lock:
            source = self._source
            if source is None:
                return
            started = self._busy_since = clock.monotonic()
        state, samples, reason = _ask(source)
        with self._lock:
            self._busy_since = None
            if source is not self._source:
                return  # lost or replaced meanwhile: what it says is of another thing
            if state is State.UP:
                self._answered = clock.monotonic()
            self._turn(state, reason, samples, clock.monotonic() - started)

    def _turn(
        self, state: State, reason: str, samples: tuple[Sample, ...] = (), duration_seconds: float | None = None
    ) -> None:
        before = self._reading
        if (state, reason) != (before.state, self._reason):
            self._tell(before.state, state, reason)
        elif duration_seconds is None:
            return
        self._reason = reason
        now = self._around.clock.time()
        self._put(
            Reading(
                before.order,
                state,
                samples,
                now if state is State.UP else before.answered_at,
                before.duration_seconds if duration_seconds is None else duration_seconds,
            )
        )

    def _put(self, reading: Reading) -> None:
        self._reading = reading
        self._around.snapshot.put(self._source_name, reading)

    def _tell(self, before: State, state: State, reason: str) -> None:
        log = self._around.log
        if state is State.UP:
            log.info("source answers" if before is State.WAITING else "source answers again", source=self._source_name)
        elif state is State.ABSENT:
            log.info("source absent", source=self._source_name, reason=reason)
        else:
            log.warning(f"source {state}", source=self._source_name, reason=reason)


def next_beat(beat: float, interval: float, now: float) -> float:
    """The next time in the rhythm of `beat` that is not past: beats missed meanwhile are left out."""
    return beat + interval * max(1, math.ceil((now - beat) / interval))


def _ask(source: Source) -> tuple[State, tuple[Sample, ...], str]:
    try:
        # NaN is what some upstreams write for "not supported": it is left out, as if it had not been said
        samples = [sample for sample in source.read() if not math.isnan(sample.value)]
    except SourceAbsent as absent:
        return State.ABSENT, (), str(absent)
    except SourceFailed as failed:
        return State.FAILED, (), str(failed)
    except Exception as error:  # noqa: BLE001 - a fault in one source must not end the reading of it
        return State.FAILED, (), place_of(error)
    # from a list: small tuples that grow while they are made stay with CPython, up to 2000 of each length
    return State.UP, tuple(samples), ""


def place_of(error: Exception) -> str:
    """The kind of an unforeseen error and where it was raised. Not its text: that may hold a secret."""
    *_, last = traceback.extract_tb(error.__traceback__) or [None]
    where = f" at {last.filename.rpartition('/')[2]}:{last.lineno}" if last else ""
    return f"{type(error).__name__}{where}"

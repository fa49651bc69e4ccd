"""The threads that read: one for each roster, one for each source that a roster finds, one that watches them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock, Thread

from exporters.agent.sampling import Surroundings, Worker
from exporters.metric import Metric, Sample
from exporters.source import Roster, Source, SourceAbsent

_LOOK_SECONDS = 1.0
_LOOKS_PER_INTERVAL = 4


@dataclass(frozen=True, slots=True)
class _Finding:
    """A roster in the place of a source, so that one which hangs or fails is dealt with and told of like a source."""

    roster: Roster
    order: int
    crew: Crew
    metrics: tuple[Metric, ...] = ()

    def read(self) -> Sequence[Sample]:
        try:
            found = self.roster.sources()
        except SourceAbsent:
            self.crew.update(self.roster.name, self.order, {})
            raise
        self.crew.update(self.roster.name, self.order, found)
        return ()


class Crew:
    """Sources come and go while it runs; one that goes is told of as missing until it is forgotten."""

    def __init__(self, rosters: Sequence[Roster], around: Surroundings) -> None:
        self._around = around
        self._lock = Lock()
        self._finders = [
            Worker(f"{roster.name}/roster", _Finding(roster, order, self), order, around, around.rhythm.roster_seconds)
            for order, roster in enumerate(rosters)
        ]
        self._workers: dict[str, tuple[str, Worker]] = {}  # by source: the roster that found it first, the thread
        self._watch = Thread(target=self._look_again_and_again, name="watch sources", daemon=True)
        self._is_ready = False

    @property
    def is_ready(self) -> bool:
        """Whether every roster and every source was asked once; a later one does not change it back."""
        self._is_ready = self._is_ready or all(worker.has_begun for worker in self._all())
        return self._is_ready

    def start(self) -> None:
        for finder in self._finders:
            finder.start()
        self._watch.start()

    def threads(self) -> Iterator[Thread]:
        """Those that end when asked to, unless they hang."""
        yield from self._all()
        yield self._watch

    def update(self, roster: str, order: int, found: Mapping[str, Source]) -> None:
        """What this roster finds now; what it found before and does not find any more is missing."""
        with self._lock:
            known = dict(self._workers)
        for source_name, (owner, worker) in known.items():
            if owner == roster and source_name not in found:
                worker.lose()
        for source_name, source in found.items():
            if source_name not in known:
                self._begin(source_name, source, order, roster)
                continue
            owner, worker = known[source_name]
            if owner == roster:
                worker.give(source)
            else:
                self._around.log.warning("source name taken", source=source_name, roster=roster, by=owner)

    def look(self) -> None:
        """Notices what hangs, what is too old and what can be forgotten."""
        for finder in self._finders:
            finder.look()
        with self._lock:
            known = dict(self._workers)
        for source_name, (_, worker) in known.items():
            if not worker.look():
                with self._lock:
                    del self._workers[source_name]
                self._around.snapshot.forget(source_name)

    def _begin(self, source_name: str, source: Source, order: int, roster: str) -> None:
        worker = Worker(source_name, source, order, self._around, self._around.rhythm.interval_seconds)
        with self._lock:
            _, used = self._workers.setdefault(source_name, (roster, worker))
        if used is worker:  # else another roster found this name at the same moment
            worker.start()

    def _all(self) -> list[Worker]:
        with self._lock:
            return [*self._finders, *(worker for _, worker in self._workers.values())]

    def _look_again_and_again(self) -> None:
        seconds = min(_LOOK_SECONDS, self._around.rhythm.interval_seconds / _LOOKS_PER_INTERVAL)
        while not self._around.stop.wait(seconds):
            self.look()

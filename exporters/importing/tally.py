"""What came of an import: counts, the span of time, and what was wrong by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from exporters.importing.batch import Batch, Found
from exporters.series import Series

NOTES_KEPT = 1_000
_FURTHER = "further"  # those that the page parser only counted


@dataclass(slots=True)
class Tally:
    """`first` and `last` are unix seconds; `notes` are the first ones, `kinds` counts them all, `first_of` each kind.

    A target is what the labels job and instance say it is.
    """

    series: int = 0
    samples: int = 0
    first: float | None = None
    last: float | None = None
    notes: list[Found] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    first_of: dict[str, Found] = field(default_factory=dict)
    _targets: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def targets(self) -> int:
        return len(self._targets)

    def add(self, batch: Batch) -> None:
        """Counts one batch."""
        if batch.at:
            at = np.frombuffer(batch.at)
            first, last = float(at.min()), float(at.max())
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
        self.samples += len(batch.at)
        self.add_notes(batch.notes)
        if batch.more_notes:
            self.kinds[_FURTHER] += batch.more_notes

    def add_notes(self, notes: Sequence[Found]) -> None:
        """Keeps the first ones, counts all."""
        self.notes.extend(notes[: max(0, NOTES_KEPT - len(self.notes))])
        self.kinds.update(note.kind for note in notes)
        for note in notes:
            self.first_of.setdefault(note.kind, note)

    def add_targets(self, series: Iterable[Series]) -> None:
        """Takes note of the targets; to be called when there are new series, it is slow."""
        for one in {one.key: one for one in series}.values():
            self._targets.add(tuple(value for label, value in one.labels if label in ("instance", "job")))

    def summary(self) -> str:
        """One line: targets, series, samples, from when to when, and the notes by kind."""
        span = ""
        if self.first is not None and self.last is not None:
            span = f" from {_utc(self.first)} to {_utc(self.last)}"
        notes = ", ".join(self._kind(kind, count) for kind, count in sorted(self.kinds.items())) or "none"
        counts = (_counted(self.targets, "target"), f"{self.series:,} series", _counted(self.samples, "sample"))
        return f"{', '.join(counts)}{span}; notes: {notes}"

    def _kind(self, kind: str, count: int) -> str:
        first = self.first_of.get(kind)
        return f"{count:,} {kind}" + (f" (first {place(first)})" if first else "")


def place(note: Found) -> str:
    """FILE:LINE, or FILE where the whole of it is meant."""
    return f"{note.file}:{note.line}" if note.line else str(note.file)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

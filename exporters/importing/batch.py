"""What the readers hand on: a run of samples that fits into memory, with what was wrong about it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from exporters.pages.page import Note
from exporters.series import Series

_LATEST = 253_402_300_799.0  # the end of the year 9999


@dataclass(frozen=True, slots=True)
class Found:
    """A note with its file. `line` counts from 1; 0 where the file as a whole is meant."""

    file: Path
    line: int
    kind: str
    text: str


def found(file: Path, notes: Iterable[Note]) -> list[Found]:
    """The notes of a page, with the file they are about."""
    return [Found(file, note.line, note.kind, note.text) for note in notes]


@dataclass(slots=True)
class Batch:
    """Samples in parallel columns; `at` is seconds UTC. `bytes_read` is how far this got on the disk."""

    series: Sequence[Series] = ()
    values: array[float] = field(default_factory=lambda: array("d"))
    at: array[float] = field(default_factory=lambda: array("d"))
    notes: list[Found] = field(default_factory=list)
    more_notes: int = 0
    bytes_read: int = 0


def keep_timed(batch: Batch, file: Path, line_of: Callable[[int], int]) -> Batch:
    """Takes out samples that no clock has: without a timestamp (their `at` is NaN), before 1970 or after 9999.

    `line_of` gives the line of a sample by its place in the batch.
    """
    at = np.frombuffer(batch.at)
    timed = (at >= 0) & (at <= _LATEST)
    if timed.all():
        return batch
    first = int(np.argmin(timed))
    count = len(timed) - int(np.count_nonzero(timed))
    why = "no timestamp" if np.isnan(at[first]) else "a timestamp outside the years 1970 to 9999"
    text = f"{count:,} samples left out: {why}; the first is {batch.series[first].name}"
    kept = np.flatnonzero(timed)
    return Batch(
        [batch.series[index] for index in kept.tolist()],
        array("d", np.frombuffer(batch.values)[kept].tobytes()),
        array("d", at[kept].tobytes()),
        [*batch.notes, Found(file, line_of(first), "no-time", text)],
        batch.more_notes,
        batch.bytes_read,
    )

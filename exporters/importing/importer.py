"""Writes everything that was found into a store, and keeps count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporters.importing.batch import Batch
from exporters.importing.batch import Found as Note
from exporters.importing.inputs import Found, Kind, find_inputs
from exporters.importing.pages import read_pages
from exporters.importing.text import read_text
from exporters.importing.vm_json import read_vm_json
from exporters.importing.whole_series import WholeSeries
from exporters.source import SourceFailed
from exporters.store.writer import StoreWriter

NOTES_KEPT = 1_000


@dataclass(slots=True)
class Tally:
    """What came of an import. `first` and `last` are unix seconds; `notes` are the first ones, `kinds` counts all."""

    inputs: int = 0
    series: int = 0
    samples: int = 0
    first: float | None = None
    last: float | None = None
    notes: list[Note] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Counts one batch."""
        if batch.at:
            first, last = min(batch.at), max(batch.at)
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
        self.samples += len(batch.at)
        self.notes.extend(batch.notes[: max(0, NOTES_KEPT - len(self.notes))])
        self.kinds.update(note.kind for note in batch.notes)
        if batch.more_notes:
            self.kinds["further"] += batch.more_notes


Progress = Callable[[int, int], None]  # bytes done of all inputs, samples so far


def import_paths(
    paths: list[Path],
    store: Path,
    labels: Mapping[str, str],
    kind: Kind | None = None,
    progress: Progress = lambda done, samples: None,
) -> Tally:
    """Imports folders of pages, OpenMetrics text and VictoriaMetrics' JSON lines. A partly bad file gives
    its good part.

    Raises SourceFailed when a path does not exist or cannot be read, StoreError when the store cannot be written.
    """
    found = find_inputs(paths, kind)
    tally = Tally(inputs=len(found))
    done = 0
    texts = WholeSeries(labels)
    with StoreWriter(store) as writer:
        for one in found:
            try:
                for batch in _batches(one, labels, texts):
                    writer.add(batch.series, batch.values, batch.at)
                    tally.add(batch)
                    progress(done + batch.bytes_read, tally.samples)
            except OSError as error:
                raise SourceFailed(f"{one.file} cannot be read: {error.strerror or error}") from error
            done += one.size
        tally.series = writer.series_seen
    return tally


def _batches(one: Found, labels: Mapping[str, str], texts: WholeSeries) -> Iterator[Batch]:
    if one.target is not None:
        return read_pages(one.target, labels)
    if one.kind is Kind.VM_JSONL:
        return read_vm_json(one.file, labels)
    return read_text(one.file, texts)

"""Writes everything that was found into a store, and keeps count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from exporters.importing.batch import Batch
from exporters.importing.inputs import Found, Inputs, find_inputs
from exporters.importing.lines import unreadable
from exporters.importing.pages import read_pages
from exporters.importing.recognise import Kind
from exporters.importing.tally import Tally
from exporters.importing.text import read_text
from exporters.importing.vm_json import read_vm_json
from exporters.importing.whole_series import WholeSeries
from exporters.store.writer import StoreWriter

Progress = Callable[[int, int], None]  # bytes done of all inputs, samples so far


def import_paths(paths: list[Path], store: Path, labels: Mapping[str, str], kind: Kind | None = None) -> Tally:
    """Finds and imports what is below the paths."""
    return import_inputs(find_inputs(paths, kind), store, labels)


def import_inputs(
    inputs: Inputs,
    store: Path,
    labels: Mapping[str, str],
    progress: Progress = lambda done, samples: None,
) -> Tally:
    """Imports folders of pages, text and JSON lines. A partly bad file gives its good part.

    Raises SourceFailed when a file cannot be read, StoreError when the store cannot be written; what was read until
    then is in the store, and importing it again is harmless.
    """
    tally = Tally()
    tally.add_notes(inputs.skipped)
    texts = WholeSeries(labels)
    done = 0
    with StoreWriter(store) as writer:
        for one in inputs.found:
            try:
                for batch in _batches(one, labels, texts):
                    known = writer.series_seen
                    writer.add(batch.series, batch.values, batch.at)
                    if writer.series_seen > known:
                        tally.add_targets(batch.series)
                    tally.add(batch)
                    progress(done + batch.bytes_read, tally.samples)
            except OSError as error:
                raise unreadable(one.file, error) from error
            done += one.size
        tally.series = writer.series_seen
    return tally


def _batches(one: Found, labels: Mapping[str, str], texts: WholeSeries) -> Iterator[Batch]:
    if one.target is not None:
        return read_pages(one.target, labels)
    if one.kind is Kind.VM_JSONL:
        return read_vm_json(one.file, labels)
    return read_text(one.file, texts)

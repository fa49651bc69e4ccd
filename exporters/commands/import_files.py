"""`gpuyield import`: recorded pages and exported series into a store."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from exporters.importing.importer import Progress, import_inputs
from exporters.importing.inputs import find_inputs
from exporters.importing.labels import parse_labels
from exporters.importing.recognise import Kind
from exporters.importing.tally import NOTES_KEPT, Tally, place
from exporters.progress import bar
from exporters.source import SourceFailed

_DESCRIPTION = """Brings history into a store: no cluster, no server is needed.

  pages        a folder of raw /metrics pages, each named <unix seconds>[.fraction].prom: one target per folder, nested
               folders too. It is called by its folder (label instance) unless --label instance=... says otherwise;
               `up` is written for each page
  openmetrics  text with timestamps, any size, any number of targets: what promtool, VictoriaMetrics
               (/api/v1/export/prometheus) and backfills write. Seconds or milliseconds, the size tells
  vm-jsonl     what VictoriaMetrics answers under /api/v1/export

Files may be gzip. Kinds may be mixed; --format is only needed where name and first bytes do not tell."""

_EPILOG = """examples:
  gpuyield import ./pages --store ./store
  gpuyield import ./pages --store ./store --label namespace=chat --label pod=llama-0
  gpuyield import export.om more.om.gz --store ./store
  gpuyield import history.txt --format openmetrics --store ./store --label cluster=blue
  curl -s "$VM/api/v1/export" -d 'match[]={__name__!=""}' > all.jsonl; gpuyield import all.jsonl --store ./store

Importing the same samples twice changes nothing. Bad lines are reported with file and line; the good ones are kept.
exit code: 0 done, also where single lines were bad; 2 usage; 3 a path is missing, cannot be read, or gave no sample
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folder of pages or exports, or file")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store; made when it is missing")
    parser.add_argument(
        "--format", type=Kind, choices=list(Kind), help="what the paths hold (default: by name and first bytes)"
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label for every series, may be repeated; what a series has under that name becomes exported_NAME",
    )
    parser.add_argument(
        "--verbose", action="store_true", help=f"print each note (the first {NOTES_KEPT:,}), not only one of each kind"
    )


def run(arguments: argparse.Namespace) -> int:
    """Imports and prints what came of it."""
    labels = parse_labels(arguments.label)
    inputs = find_inputs(arguments.paths, arguments.format)
    with bar("importing", inputs.size) as move:
        tally = import_inputs(inputs, arguments.store, labels, _progress(move))
    print(f"imported into {arguments.store}: {tally.summary()}")
    _print_notes(tally, arguments.verbose)
    if not tally.samples and tally.kinds:
        raise SourceFailed("not one sample could be read; the notes above say why")
    return 0


def _progress(move: Callable[[int, str], None]) -> Progress:
    start = time.monotonic()

    def show(done: int, samples: int) -> None:
        per_second = samples / max(time.monotonic() - start, 1e-3)
        move(done, f"{samples:,} samples, {per_second:,.0f}/s")

    return show


def _print_notes(tally: Tally, verbose: bool) -> None:
    shown = tally.notes if verbose else list(tally.first_of.values())
    for note in shown:
        print(f"gpuyield import: warning: {place(note)}: {note.kind}: {note.text}", file=sys.stderr)
    hidden = sum(tally.kinds.values()) - len(shown)
    if hidden > 0:
        hint = "" if verbose else f"; --verbose prints the first {NOTES_KEPT:,}"
        print(f"gpuyield import: {hidden:,} further notes{hint}", file=sys.stderr)

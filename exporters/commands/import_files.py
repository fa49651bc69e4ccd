"""`gpuyield import`: recorded pages and exported series into a store."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from exporters.importing.importer import Tally, import_paths
from exporters.importing.inputs import Kind, find_inputs
from exporters.importing.labels import parse_labels
from exporters.progress import bar

_EPILOG = """examples:
  gpuyield import ./pages --store ./store                      a folder of <unix seconds>.prom pages: one target
  gpuyield import ./pages --store ./store --label namespace=chat --label pod=llama-0
  gpuyield import export.om more.om.gz --store ./store         OpenMetrics text with timestamps, many targets in one
  curl -s "$VM/api/v1/export" -d 'match[]={__name__!=""}' > all.jsonl; gpuyield import all.jsonl --store ./store

Importing the same samples twice changes nothing. Bad lines are reported with file and line; the good ones are kept.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="folder of pages, or file")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store; made when it is missing")
    parser.add_argument("--format", type=Kind, choices=list(Kind), help="what the paths hold (default: found out)")
    parser.add_argument(
        "--label", action="append", default=[], metavar="NAME=VALUE", help="a label for every series; may be repeated"
    )
    parser.add_argument("--verbose", action="store_true", help="print each note, not only how many")


def run(arguments: argparse.Namespace) -> int:
    """Imports and prints what came of it."""
    labels = parse_labels(arguments.label)
    total = sum(found.size for found in find_inputs(arguments.paths, arguments.format))
    with bar("importing", total) as move:
        tally = import_paths(
            arguments.paths,
            arguments.store,
            labels,
            arguments.format,
            lambda done, samples: move(done, f"{samples:,} samples"),
        )
    print(summary(tally, arguments.store))
    for note in tally.notes if arguments.verbose else tally.notes[:3]:
        print(f"{note.file}:{note.line}: {note.kind}: {note.text}", file=sys.stderr)
    hidden = sum(tally.kinds.values()) - len(tally.notes if arguments.verbose else tally.notes[:3])
    if hidden > 0:
        hint = "" if arguments.verbose else " (--verbose shows the first 1,000)"
        print(f"{hidden:,} further notes{hint}", file=sys.stderr)
    return 0


def summary(tally: Tally, store: Path) -> str:
    """One line on what was imported."""
    span = "no samples"
    if tally.first is not None and tally.last is not None:
        first, last = (
            datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S") for at in (tally.first, tally.last)
        )
        span = f"{first} to {last} UTC"
    notes = ", ".join(f"{count:,} {kind}" for kind, count in sorted(tally.kinds.items())) or "none"
    return (
        f"imported {tally.samples:,} samples of {tally.series:,} series from {tally.inputs} inputs into {store};"
        f" {span}; notes: {notes}"
    )

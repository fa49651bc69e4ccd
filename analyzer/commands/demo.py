"""`gpuyield demo`: a simulated week through the whole pipeline, and how far the report is from its truth."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from analyzer.commands.advise import next_commands, rendered
from analyzer.commands.origin import ledger_of
from analyzer.ledger.options import Options
from analyzer.report.build import build_report
from analyzer.report.model import Report
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.progress import bar
from exporters.simulation.feed import feed_targets
from exporters.simulation.fleet import DEMO_START, Fleet, demo_fleet
from exporters.store.layout import create_store

_PROCESSES = 2
_SLO = ("ttft=0.5", "tpot=0.05")
_KEEP = """Next:
  gpuyield demo --store ./demo-store         the same, and the store stays: look into it with gpuyield advise
  gpuyield record --target http://NODE:9400/metrics --target http://ENGINE:8000/metrics --store ./store
"""
_EPILOG = """examples:
  gpuyield demo
  gpuyield demo --days 1 --store ./demo-store        keep the store and look further with `gpuyield advise`
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    parser.add_argument("--days", type=float, default=7.0, help="length of the simulated time (default: 7)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another week (default: 7)")
    parser.add_argument("--store", type=Path, metavar="DIR", help="keep the store there; it must be new")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")


def run(arguments: argparse.Namespace) -> int:
    """Simulates, records, reports, compares with the truth."""
    if arguments.store is not None:
        return _demo(arguments, arguments.store)
    with tempfile.TemporaryDirectory(prefix="gpuyield-demo-") as folder:
        return _demo(arguments, Path(folder) / "store")


def _demo(arguments: argparse.Namespace, path: Path) -> int:
    fleet = demo_fleet(arguments.seed, DEMO_START, arguments.days)
    create_store(path)
    samples = _feed(fleet, path)
    store = ParquetStore(path)
    window = Window.of_seconds(fleet.start, fleet.end)
    ledger = ledger_of(store, window, Options(slo=parse_slo(_SLO)))
    report = build_report(ledger, [f"simulated fleet, seed {arguments.seed}, {samples:,} samples"])
    sys.stdout.write(rendered(report, ledger, arguments.format))
    if arguments.format == "table":
        sys.stdout.write(_KEEP if arguments.store is None else next_commands(path))
        sys.stdout.write(truth_line(fleet, report) + "\n")
    return 0


def _feed(fleet: Fleet, path: Path) -> int:
    """Every page of every target through parser and writer, the targets shared out over processes."""
    total = len(fleet.targets)
    jobs = [(fleet.seed, fleet.start, fleet.end, numbers, path) for numbers in _dealt(total)]
    with bar("simulating", len(jobs)) as move, ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        samples = 0
        for done, written in enumerate(pool.map(feed_targets, *zip(*jobs, strict=True)), 1):
            samples += written
            move(done, f"{samples:,} samples")
    return samples


def _dealt(total: int) -> list[list[int]]:
    """Targets dealt to a few jobs per process, so that both finish at about the same time."""
    jobs = _PROCESSES * 2
    return [list(range(first, total, jobs)) for first in range(min(jobs, total))]


def truth_line(fleet: Fleet, report: Report) -> str:
    """The report's own largest error against the simulation's truth, per state, as a share of the bill."""
    true: dict[str, float] = defaultdict(float)
    for spell in fleet.truth:
        true[_coarse(spell.state)] += (spell.end - spell.start) / 3600 * spell.dollars_per_hour
    told: dict[str, float] = defaultdict(float)
    for line in report.ledger:
        told[_coarse(line.state)] += line.dollars
    bill = sum(true.values())
    state = max({*true, *told}, key=lambda name: abs(told[name] - true[name]))
    return (
        f"Against the simulation's truth: the bill is off by ${abs(sum(told.values()) - bill):,.2f} of ${bill:,.2f},"
        f" the worst state is {state}: ${told[state]:,.2f} against ${true[state]:,.2f},"
        f" {100 * abs(told[state] - true[state]) / bill:.2f} % of the bill."
    )


def _coarse(state: str) -> str:
    return "active" if state.startswith("active") else state

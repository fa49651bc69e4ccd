"""`gpuyield demo`: a simulated fleet through the whole pipeline, and how far the report is from its truth."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

from analyzer.advice.advise import advice_of, signals
from analyzer.commands.advise import next_commands, rendered
from analyzer.commands.demo_live import make_fleet, watch
from analyzer.commands.origin import ledger_of
from analyzer.ledger.options import Options
from analyzer.pricing.instances import DatedTable
from analyzer.pricing.path import PricePath, Resource
from analyzer.report.build import build_report
from analyzer.report.model import Report
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from analyzer.window import MICROSECONDS, Window, rfc3339
from exporters.agent.settings import Address, parse_address
from exporters.progress import bar
from exporters.simulation.feed import feed_targets
from exporters.simulation.fleet import DEMO_START, Fleet, demo_fleet
from exporters.store.layout import create_store

_PROCESSES = 2
_SHORTEST_MINUTES, _LONGEST_MINUTES = 0.25, 1440.0
_SLO = ("ttft=0.5", "tpot=0.05")
_KEEP = """Next:
  gpuyield demo --store ./demo-store         the same, and the store stays: look into it with gpuyield advise
  gpuyield record --target http://NODE:9400/metrics --target http://ENGINE:8000/metrics --store ./store
"""
_EPILOG = """examples:
  gpuyield demo
  gpuyield demo --days 1 --store ./demo-store        keep the store and look further with `gpuyield advise`
  gpuyield demo --live                               now, at real speed, with real agents and a real recorder
  gpuyield demo --live --minutes 10 --listen 127.0.0.1:19400        pages at known ports, for a Prometheus of yours

--live runs an agent (gpuyield export node) for each of eleven simulated nodes, GPUs and Trainium, and serves the pages
of engines, kube-state-metrics and Karpenter beside them. A minute after the start a card falls off the bus.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    parser.add_argument("--days", type=float, default=7.0, help="length of the simulated time (default: 7)")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another week (default: 7)")
    parser.add_argument("--store", type=Path, metavar="DIR", help="keep the store there; it must be new")
    parser.add_argument("--live", action="store_true", help="real agents at real speed instead of a week in seconds")
    parser.add_argument("--minutes", type=_minutes, default=2.0, help="with --live: how long to watch (default: 2)")
    parser.add_argument(
        "--listen",
        type=_address,
        default=Address("127.0.0.1", 0),
        metavar="HOST:PORT",
        help="with --live: the first of the ports where pages are served (default: free ports of 127.0.0.1)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")


def run(arguments: argparse.Namespace) -> int:
    """Simulates, records, reports, compares with the truth."""
    if arguments.store is not None:
        return _demo(arguments, arguments.store)
    with tempfile.TemporaryDirectory(prefix="gpuyield-demo-") as folder:
        return _demo(arguments, Path(folder) / "store")


def _demo(arguments: argparse.Namespace, path: Path) -> int:
    create_store(path)
    watched = _live(arguments, path) if arguments.live else _simulated(arguments, path)
    fleet, window = watched.fleet, watched.window
    ledger = ledger_of(
        ParquetStore(path), window, Options(slo=parse_slo(_SLO)), _SimulatedPrices(_day(window)), signals()
    )
    report = build_report(ledger, [watched.title], advice=advice_of(ledger, today=_day(window)))
    sys.stdout.write(rendered(report, ledger, arguments.format))
    if arguments.format == "table":
        period = f" --start {rfc3339(window.start)} --end {rfc3339(window.end)}" if arguments.live else ""
        sys.stdout.write(_KEEP if arguments.store is None else next_commands(path, period))
        sys.stdout.write(truth_line(fleet, report) + "\n")
    return 0


@dataclass(frozen=True, slots=True)
class _SimulatedPrices:
    """The packaged prices, as of the simulated time: the simulation has no others."""

    as_of: date

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        return DatedTable().path(resource, start, end).each(lambda price: replace(price, as_of=self.as_of))


def _day(window: Window) -> date:
    return datetime.fromtimestamp(window.end / MICROSECONDS, UTC).date()


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is in the store: a fleet with the truth of the window, and what to call it."""

    fleet: Fleet
    window: Window
    title: str


def _simulated(arguments: argparse.Namespace, path: Path) -> _Watched:
    fleet = demo_fleet(arguments.seed, DEMO_START, arguments.days)
    samples = _feed(fleet, path)
    title = f"simulated fleet, seed {arguments.seed}, {samples:,} samples"
    return _Watched(fleet, Window.of_seconds(fleet.start, fleet.end), title)


def _live(arguments: argparse.Namespace, path: Path) -> _Watched:
    seconds = 60 * arguments.minutes
    seen = watch(make_fleet(arguments.seed, seconds), path, seconds, arguments.listen)
    window = Window(round(seen.fleet.start * MICROSECONDS), round(seen.fleet.end * MICROSECONDS))
    return _Watched(seen.fleet, window, f"live simulated fleet, seed {arguments.seed}, {seen.samples:,} samples")


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


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not _SHORTEST_MINUTES <= minutes <= _LONGEST_MINUTES:
        raise argparse.ArgumentTypeError(f"write a number from {_SHORTEST_MINUTES:g} to {_LONGEST_MINUTES:g}")
    return minutes


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _coarse(state: str) -> str:
    return "active" if state.startswith("active") else state

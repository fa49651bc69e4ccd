"""`gpuyield advise`: the report of a store."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import DEFAULT_EFFECTIVE_TARGET, DEFAULT_IDLE_LINE, Options
from analyzer.pricing.instances import DatedTable
from analyzer.report.build import build_report
from analyzer.report.markdown import markdown
from analyzer.report.model import Report, encode
from analyzer.report.rows_csv import rows_csv
from analyzer.report.table import table
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from analyzer.window import MICROSECONDS, Window
from exporters.progress import bar
from exporters.source import GpuyieldError
from exporters.store.layout import write_whole

_FORMATS = ("table", "json", "markdown", "csv")
_STEPS = 62  # metrics read and stages after them; only the bar's length depends on it
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPILOG = """examples:
  gpuyield advise --store ./store                                the whole store, as a table
  gpuyield advise --store ./store --since 24h --slo ttft=0.5 --slo tpot=50ms
  gpuyield advise --store ./store --slo mlperf:llama-3.1-8b/server --format json --output report.json
  gpuyield advise --store ./store --start 2026-11-10T00:00:00Z --end 2026-11-10T06:00:00Z --format csv

Times are RFC 3339 or unix seconds; --since counts back from --end, or from the newest sample.
csv has the ledger's rows.
"""


class TimeError(GpuyieldError):
    """A time on the command line cannot be understood."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store to read")
    parser.add_argument("--since", metavar="SPAN", help="length of the window: 90m, 24h, 7d")
    parser.add_argument("--start", metavar="TIME", help="start of the window")
    parser.add_argument("--end", metavar="TIME", help="end of the window")
    parser.add_argument(
        "--slo", action="append", default=[], metavar="LIMIT", help="ttft, tpot, itl, e2e, or mlperf:..."
    )
    parser.add_argument(
        "--idle-line", type=float, default=DEFAULT_IDLE_LINE, help="effective ratio above which a device works"
    )
    parser.add_argument(
        "--effective-target", type=float, default=DEFAULT_EFFECTIVE_TARGET, help="effective ratio that is full use"
    )
    parser.add_argument("--format", choices=_FORMATS, default="table", help="what to write (default: table)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")


def run(arguments: argparse.Namespace) -> int:
    """Reads, computes, writes."""
    options = Options(arguments.idle_line, arguments.effective_target, parse_slo(arguments.slo))
    store = ParquetStore(arguments.store)
    ledger = ledger_of(store, window_of(arguments, store.extent()), options)
    report = build_report(ledger, [store.description])
    text = rendered(report, ledger, arguments.format)
    if arguments.format == "table":
        text += next_commands(arguments.store)
    if arguments.output:
        try:
            write_whole(arguments.output, text.encode())
        except OSError as error:
            raise GpuyieldError(f"{arguments.output} cannot be written: {error.strerror or error}") from error
    else:
        sys.stdout.write(text)
    return 0


def ledger_of(store: ParquetStore, window: Window, options: Options) -> Ledger:
    """The ledger, with a bar while it is made."""
    with bar("ledger", _STEPS) as move:
        steps = iter(range(1, 10 * _STEPS))
        return compute_ledger(store, window, DatedTable(), options, lambda note: move(next(steps), note))


def rendered(report: Report, ledger: Ledger, form: str) -> str:
    """The report in one of the formats."""
    if form == "json":
        return encode(report).decode()
    if form == "markdown":
        return markdown(report)
    return rows_csv(ledger.rows) if form == "csv" else table(report)


def next_commands(store: Path) -> str:
    """Two commands that go on from the table."""
    return (
        "Next:\n"
        f"  gpuyield advise --store {store} --slo ttft=0.5 --slo tpot=0.05    what your SLO makes of it\n"
        f"  gpuyield advise --store {store} --format json --output report.json    every figure with its sources\n"
    )


def window_of(arguments: argparse.Namespace, extent: Window | None) -> Window:
    """The window asked for; the whole store by default."""
    if extent is None:
        raise GpuyieldError(f"{arguments.store} holds no samples: import or record into it first")
    end = parse_time(arguments.end) if arguments.end else extent.end / MICROSECONDS
    if arguments.start:
        start = parse_time(arguments.start)
    elif arguments.since:
        start = end - parse_span(arguments.since)
    else:
        start = min(extent.start / MICROSECONDS, end - 1)
    if start >= end:
        raise TimeError(f"the window must start before it ends, not {arguments.start} after {arguments.end}")
    return Window.of_seconds(start, end)


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time or a number; a time without zone is UTC."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"{text!r} is no time: write 2026-11-10T00:00:00Z or unix seconds") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def parse_span(text: str) -> float:
    """Seconds of a span such as 90m or 7d."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise TimeError(f"--since {text!r} is no span: write a number and s, m, h, d or w, for example 24h")
    return float(match[1]) * _SECONDS[match[2]]

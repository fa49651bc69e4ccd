"""`gpuyield advise`: the report of a store or of a Prometheus."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analyzer.advice.advise import advice_of, signals
from analyzer.advice.patch_files import write_patches
from analyzer.commands.advice_options import acknowledgements_of, add_advice_arguments, fails, settings_of
from analyzer.commands.ledger_options import add_ledger_arguments, options_of
from analyzer.commands.origin import add_origin_arguments, ledger_of, opened
from analyzer.commands.period import add_period_arguments, window_of
from analyzer.commands.price_options import add_price_arguments, book_of
from analyzer.ledger.ledger import Ledger
from analyzer.report.build import build_report
from analyzer.report.markdown import markdown
from analyzer.report.model import Report, encode
from analyzer.report.rows_csv import rows_csv
from analyzer.report.table import table
from analyzer.window import Window, rfc3339
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

_FORMATS = ("table", "json", "markdown", "csv")
_EPILOG = """examples:
  gpuyield advise --prometheus http://127.0.0.1:9090             the last 7 days of what is there
  gpuyield advise                                                the Prometheus of the current Kubernetes context
  gpuyield advise --prometheus https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1 --sigv4 --since 24h
  gpuyield advise --store ./store                                the whole store, as a table
  gpuyield advise --store ./store --since 24h --slo ttft=0.5 --slo tpot=50ms
  gpuyield advise --store ./store --slo mlperf:llama-3.1-8b/server --format json --output report.json
  gpuyield advise --store ./store --start 2026-11-10T00:00:00Z --end 2026-11-10T06:00:00Z --format csv

  gpuyield advise --store ./store --patches ./patches            what to change, as files to try and apply
  gpuyield advise --store ./store --fail-on high                 for a nightly job: exit 1 on severe findings

Times are RFC 3339 or unix seconds; --since counts back from --end, or from the newest sample.
csv has the ledger's rows.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    add_origin_arguments(parser)
    add_period_arguments(parser)
    add_ledger_arguments(parser)
    add_price_arguments(parser)
    add_advice_arguments(parser)
    parser.add_argument("--format", choices=_FORMATS, default="table", help="what to write (default: table)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")


def run(arguments: argparse.Namespace) -> int:
    """Reads, computes, writes."""
    options, settings, known = options_of(arguments), settings_of(arguments), acknowledgements_of(arguments)
    with opened(arguments) as store:
        window = window_of(arguments, store)
        ledger = ledger_of(store, window, options, book_of(arguments, store, window), signals())
        advice = advice_of(ledger, settings, known)
        report = build_report(ledger, [store.description], store.remarks, advice=advice)
    text = rendered(report, ledger, arguments.format)
    if arguments.format == "table":
        text += _next(arguments, window)
    if arguments.output:
        try:
            write_whole(arguments.output, text.encode())
        except OSError as error:
            raise GpuyieldError(f"{arguments.output} cannot be written: {error.strerror or error}") from error
    else:
        sys.stdout.write(text)
    if arguments.patches:
        written = write_patches(report.findings, arguments.patches)
        print(f"{len(written)} {'patch' if len(written) == 1 else 'patches'} in {arguments.patches}", file=sys.stderr)
    return int(fails(report.findings, arguments.fail_on))


def rendered(report: Report, ledger: Ledger, form: str) -> str:
    """The report in one of the formats."""
    if form == "json":
        return encode(report).decode()
    if form == "markdown":
        return markdown(report)
    return rows_csv(ledger.rows) if form == "csv" else table(report)


def _next(arguments: argparse.Namespace, window: Window) -> str:
    kept = arguments.store or arguments.save
    if kept is not None:
        period = f" --start {rfc3339(window.start)} --end {rfc3339(window.end)}" if arguments.save else ""
        return next_commands(kept, period)
    return (
        "Next, with the same options:\n"
        "  gpuyield advise ... --slo ttft=0.5 --slo tpot=0.05    what your SLO makes of it\n"
        "  gpuyield advise ... --save ./store    keep what was read: the next look costs the server nothing\n"
        "  gpuyield doctor ...                   what is missing, and how to get it\n"
    )


def next_commands(store: Path, period: str = "") -> str:
    """Two commands that go on from the table."""
    return (
        "Next:\n"
        f"  gpuyield advise --store {store}{period} --slo ttft=0.5 --slo tpot=0.05    what your SLO makes of it\n"
        f"  gpuyield advise --store {store}{period} --format json --output report.json    every figure, its sources\n"
    )

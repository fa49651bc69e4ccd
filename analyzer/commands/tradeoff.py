"""`gpuyield tradeoff`: at which load a model server keeps an objective at the least dollars per good token."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from analyzer.commands.ledger_options import add_ledger_arguments, options_of
from analyzer.commands.origin import add_origin_arguments, ledger_of, opened
from analyzer.commands.period import add_period_arguments, window_of
from analyzer.commands.price_options import add_price_arguments, book_of
from analyzer.report.bill import price_names
from analyzer.report.tradeoff_parts import TradeoffPart
from analyzer.report.tradeoff_plot import page
from analyzer.report.tradeoffs import tradeoffs
from analyzer.tradeoff.subject import subjects
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

EXIT_NOTHING_KEPT = 1
_PICTURES = ("png", "svg")
_EPILOG = """examples:
  gpuyield tradeoff --store ./store --slo ttft=0.5@p95 --slo tpot=0.05@p95
  gpuyield tradeoff --prometheus http://127.0.0.1:9090 --since 7d --slo mlperf:llama-3.1-8b/server
  gpuyield tradeoff --store ./store --model llama-3.1-8b --slo ttft=2@p99 --price 4.10
  gpuyield tradeoff --store ./store --slo e2e=10 --format svg --output tradeoff.svg

A limit without @p speaks of 95 % of the requests. Exit code 0: a load that was seen surely keeps the SLO. 1: none does,
or the load seen tells no curve; the text says which load would. 2: usage. 3: the source does not answer.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    add_origin_arguments(parser)
    add_period_arguments(parser)
    add_ledger_arguments(parser)
    add_price_arguments(parser)
    parser.add_argument("--model", metavar="NAME", help="only this model")
    parser.add_argument(
        "--price",
        type=_price,
        metavar="DOLLARS",
        help="what a replica costs in an hour (default: what the ledger says)",
    )
    parser.add_argument(
        "--format", choices=("table", "json", *_PICTURES), default="table", help="what to write (default: table)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")


def run(arguments: argparse.Namespace) -> int:
    """Reads, fits, writes."""
    if arguments.format == "png" and arguments.output is None and sys.stdout.isatty():
        raise GpuyieldError("a PNG is no text for a terminal: give --output FILE")
    options = options_of(arguments)
    with opened(arguments) as store:
        window = window_of(arguments, store)
        ledger = ledger_of(store, window, options, book_of(arguments, store, window))
        parts = tradeoffs(subjects(ledger, arguments.model), options.slo, arguments.price, price_names(ledger))
    if not parts:
        what = f"no engine that serves {arguments.model!r}" if arguments.model else "no engine"
        raise GpuyieldError(f"{what} answered in the window; choose another window, or see: gpuyield doctor")
    _write(rendered(parts, arguments.format), arguments.output)
    return 0 if any(one.cheapest for one in parts) else EXIT_NOTHING_KEPT


def rendered(parts: list[TradeoffPart], form: str) -> bytes:
    """The trade-offs in one of the formats."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(parts), indent=2) + b"\n"
    if form in _PICTURES:
        from analyzer.report.tradeoff_chart import picture

        return picture(parts, form)
    return page(parts).encode()


def _write(told: bytes, path: Path | None) -> None:
    if path is None:
        sys.stdout.buffer.write(told)
        return
    try:
        write_whole(path, told)
    except OSError as error:
        raise GpuyieldError(f"{path} cannot be written: {error.strerror or error}") from error


def _price(text: str) -> float:
    """Dollars above 0; a price of 0 is never a price."""
    try:
        price = float(text)
    except ValueError:
        price = 0.0
    if not 0 < price < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no price of an hour: write dollars above 0, such as 4.10")
    return price

"""`gpuyield doctor`: what is there, what is blind, what to install."""

from __future__ import annotations

import argparse
import math
import sys

import msgspec

from analyzer.commands.ledger_options import add_ledger_arguments, options_of
from analyzer.commands.origin import add_origin_arguments, ledger_of, opened, release_of
from analyzer.commands.period import add_period_arguments, window_of
from analyzer.commands.price_options import add_price_arguments, book_of
from analyzer.doctor.examination import ALSO, diagnose
from analyzer.doctor.model import Diagnosis
from analyzer.doctor.table import table
from analyzer.report.build import build_report

EXIT_BLIND = 1
_DAY_SECONDS = 86_400.0
_EPILOG = """examples:
  gpuyield doctor --prometheus http://127.0.0.1:9090
  gpuyield doctor --store ./store --since 7d
  gpuyield doctor --prometheus URL --max-blind 0.02 --format json | jq .next_steps

Exit code 0: seen well enough. 1: more of the bill is blind than --max-blind, or more of the node time has no price, or
there is no bill. 2: usage. 3: the source does not answer.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    add_origin_arguments(parser)
    add_period_arguments(parser)
    add_ledger_arguments(parser)
    add_price_arguments(parser)
    parser.add_argument(
        "--max-blind",
        type=_ratio,
        default=0.05,
        metavar="RATIO",
        help="share of the bill that may be blind before the exit code is 1 (default: 0.05)",
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")


def run(arguments: argparse.Namespace) -> int:
    """Reads the last day, if nothing else is asked for, and looks at every signal of it."""
    with opened(arguments) as store:
        window = window_of(arguments, store, _DAY_SECONDS)
        ledger = ledger_of(store, window, options_of(arguments), book_of(arguments, store, window), ALSO)
        report = build_report(ledger, [store.description], store.remarks)
        diagnosis = diagnose(ledger, report, store.description, release_of(store))
    if arguments.format == "json":
        text = msgspec.json.format(msgspec.json.encode(diagnosis), indent=2).decode() + "\n"
    else:
        text = table(diagnosis)
    sys.stdout.write(text)
    return EXIT_BLIND if is_blind(diagnosis, arguments.max_blind) else 0


def is_blind(diagnosis: Diagnosis, most: float) -> bool:
    """Whether a pipeline should stop here."""
    if not diagnosis.bill_dollars or diagnosis.unpriced_ratio > most:
        return True
    return diagnosis.blind_dollars > most * diagnosis.bill_dollars


def _ratio(text: str) -> float:
    """0 to 1; a percent is refused, since 5 would let everything pass."""
    try:
        ratio = float(text)
    except ValueError:
        ratio = math.nan
    if not 0 <= ratio <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share of the bill: write a ratio from 0 to 1, such as 0.05")
    return ratio

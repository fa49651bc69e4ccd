"""`gpuyield rules record`: recording rules with one constant price for each instance type."""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from analyzer.commands.price_options import add_price_arguments, book_of
from analyzer.pricing.instances import TABLE_REGION
from analyzer.rules.constants import constants
from analyzer.rules.record import groups, prometheus_rule
from analyzer.window import MICROSECONDS, Window
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

_DESCRIPTION = """Writes recording rules that turn what a Prometheus already has into dollars per hour: of nodes, of the
namespaces that hold their accelerators, of what is free, and of what does nothing. Each instance type has one constant
price, so they drift as prices change and say nothing of good tokens; `gpuyield publish` is the exact way."""

_EPILOG = """examples:
  gpuyield rules record > gpuyield-rules.yml
  gpuyield rules record --prometheus-rule | kubectl apply -f -
  gpuyield rules record --prices rates.yaml --price-basis effective --cluster-label k8s_cluster
"""


def add_record(kinds: Any) -> None:
    """`record` among the kinds of rules: what `add_subparsers` gives."""
    parser = kinds.add_parser(
        "record",
        help="dollars per hour with constant prices, as recording rules",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--prometheus-rule", action="store_true", help="as an object of the Prometheus operator")
    parser.add_argument(
        "--cluster-label", default="cluster", metavar="LABEL", help="the label that tells clusters apart"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    add_price_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Looks the prices up, writes the rules."""
    if not _LABEL.fullmatch(arguments.cluster_label):
        raise GpuyieldError(f"--cluster-label {arguments.cluster_label!r} is no name of a label")
    now = round(time.time() * MICROSECONDS)
    region = (arguments.aws_region or [TABLE_REGION])[0]
    prices = constants(book_of(arguments, None, Window(now, now + 1)), region, now)
    content = groups(prices, arguments.cluster_label)
    document = prometheus_rule(content) if arguments.prometheus_rule else content
    text = yaml.safe_dump(document, sort_keys=False, width=1000)
    if arguments.output is None:
        sys.stdout.write(text)
        return 0
    try:
        write_whole(arguments.output, text.encode())
    except OSError as error:
        raise GpuyieldError(f"{arguments.output} cannot be written: {error.strerror or error}") from error
    return 0

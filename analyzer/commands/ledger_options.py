"""What a command lets one choose about the ledger: objectives, lines, and what nodes are."""

from __future__ import annotations

import argparse
from pathlib import Path

from analyzer.ledger.nodes_file import read_nodes_file
from analyzer.ledger.options import DEFAULT_EFFECTIVE_TARGET, DEFAULT_IDLE_LINE, Options
from analyzer.slo import parse_slo


def add_ledger_arguments(parser: argparse.ArgumentParser) -> None:
    """--slo, --idle-line, --effective-target, --nodes."""
    chosen = parser.add_argument_group("the ledger")
    chosen.add_argument(
        "--slo", action="append", default=[], metavar="LIMIT", help="ttft, tpot, itl, e2e, or mlperf:..."
    )
    chosen.add_argument(
        "--idle-line", type=float, default=DEFAULT_IDLE_LINE, help="effective ratio above which a device works"
    )
    chosen.add_argument(
        "--effective-target", type=float, default=DEFAULT_EFFECTIVE_TARGET, help="effective ratio that is full use"
    )
    chosen.add_argument(
        "--nodes", type=Path, metavar="FILE", help="YAML that says what nodes are and cost, where nothing else does"
    )


def options_of(arguments: argparse.Namespace) -> Options:
    """The options that the arguments say; who may ask AWS for prices may ask it about nodes."""
    described = None
    if arguments.ask_aws:
        from analyzer.pricing.ec2_instances import Ec2Instances

        described = Ec2Instances()
    return Options(
        arguments.idle_line,
        arguments.effective_target,
        parse_slo(arguments.slo),
        read_nodes_file(arguments.nodes) if arguments.nodes else None,
        described,
        arguments.price_basis,
    )

"""What a command lets one choose about findings: thresholds, acknowledgements, patches, and when they fail a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from analyzer.advice.acknowledged import Acknowledgements, read_acknowledgements
from analyzer.advice.finding import Finding
from analyzer.advice.settings import Settings, read_settings

_SEVERITIES = ("low", "medium", "high")


def add_advice_arguments(parser: argparse.ArgumentParser) -> None:
    """--advice-settings, --acknowledgements, --patches, --fail-on."""
    chosen = parser.add_argument_group("findings")
    chosen.add_argument(
        "--advice-settings", type=Path, metavar="FILE", help="YAML with thresholds, overrides, and what to leave alone"
    )
    chosen.add_argument(
        "--acknowledgements", type=Path, metavar="FILE", help="YAML of findings that are left alone until a day"
    )
    chosen.add_argument("--patches", type=Path, metavar="DIR", help="write the patches of open findings there")
    chosen.add_argument(
        "--fail-on",
        type=_fail_on,
        metavar="SEVERITY|DOLLARS",
        help="exit 1 where an open finding is as severe (low, medium, high), or costs so many dollars a month",
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings of the file, else the defaults."""
    return read_settings(arguments.advice_settings) if arguments.advice_settings else Settings()


def acknowledgements_of(arguments: argparse.Namespace) -> Acknowledgements:
    """The acknowledgements of the file, else none."""
    return read_acknowledgements(arguments.acknowledgements) if arguments.acknowledgements else Acknowledgements()


def fails(findings: list[Finding], limit: str | float | None) -> bool:
    """Whether an open finding is over the limit: by severity, or by what it saves (else wastes) in a month."""
    still = [one for one in findings if one.status == "open"]
    if limit is None:
        return False
    if isinstance(limit, str):
        return any(_SEVERITIES.index(one.severity) >= _SEVERITIES.index(limit) for one in still)
    return any(_dollars_per_month(one) >= limit for one in still)


def _dollars_per_month(one: Finding) -> float:
    return one.saving_realisable.dollars_per_month or one.saving_attributed.dollars_per_month or 0.0


def _fail_on(text: str) -> str | float:
    if text in _SEVERITIES:
        return text
    try:
        dollars = float(text.removeprefix("$"))
    except ValueError:
        dollars = 0.0
    if not 0 < dollars < 1e12:
        raise argparse.ArgumentTypeError("write low, medium, high, or dollars a month such as 500")
    return dollars

"""`gpuyield record`: scrapes targets into a store until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exporters.importing.labels import parse_labels
from exporters.recording.duration import parse_duration
from exporters.recording.fetch import read_token
from exporters.recording.keeper import Keeper
from exporters.recording.recorder import record
from exporters.recording.status import Status
from exporters.recording.target_file import read_targets
from exporters.recording.targets import TargetError, distinct, make_target

_EPILOG = """examples:
  gpuyield record --target http://10.0.1.7:9400/metrics --target 10.0.1.8:8000 --store ./store
  gpuyield record --targets targets.yaml --store ./store --interval 5s --for 10m

A targets file is a Prometheus file_sd list, or {targets: [{url: ..., labels: {...}, interval: 5s}]}, YAML or JSON.
Ctrl-C ends it with everything written; meanwhile samples reach the disk every 60 seconds.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    parser.add_argument("--target", action="append", default=[], metavar="URL", help="a page; may be repeated")
    parser.add_argument("--targets", type=Path, metavar="FILE", help="a file of targets, YAML or JSON")
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store; made when it is missing")
    parser.add_argument("--interval", type=_duration, default=15.0, help="time between scrapes (default: 15s)")
    parser.add_argument(
        "--timeout", type=_duration, default=10.0, help="time for one scrape, at most the interval (default: 10s)"
    )
    parser.add_argument(
        "--label", action="append", default=[], metavar="NAME=VALUE", help="a label for every series; may be repeated"
    )
    parser.add_argument("--bearer-token-file", type=Path, metavar="FILE", help="its token is sent to every target")
    parser.add_argument("--for", dest="span", type=_duration, metavar="TIME", help="end after this time")


def run(arguments: argparse.Namespace) -> int:
    """Records and prints what came of it."""
    labels = parse_labels(arguments.label)
    found = [make_target(url, labels, arguments.interval) for url in arguments.target]
    if arguments.targets is not None:
        found += read_targets(arguments.targets, labels, arguments.interval)
    targets = distinct(found)
    if not targets:
        raise TargetError("nothing to scrape: give --target URL or --targets FILE")
    if arguments.bearer_token_file is not None:
        read_token(arguments.bearer_token_file)
    end = None if arguments.span is None else time.monotonic() + arguments.span
    with _stop_signals() as received:
        keeper, status = Keeper(arguments.store, _say), Status(_say)
        _say(f"recording {len(targets):,} targets into {arguments.store}; Ctrl-C ends it")
        record(
            targets,
            keeper,
            status,
            lambda: bool(received) or (end is not None and time.monotonic() >= end),
            arguments.timeout,
            arguments.bearer_token_file,
        )
    print(
        f"recorded {keeper.samples_written:,} samples of {keeper.series_seen:,} series in {status.scrapes:,} scrapes"
        f" ({status.failed:,} failed) into {arguments.store}; {status.targets_up:,} of {len(targets):,} targets up"
    )
    return 0


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _say(text: str) -> None:
    sys.stderr.write(f"gpuyield record: {text}\n")
    sys.stderr.flush()


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """The stop signals received so far. The handler takes no lock, as an Event would: it may interrupt anything."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _: received.append(got)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

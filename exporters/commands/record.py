"""`gpuyield record`: scrapes targets into a store until told to stop."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from exporters.importing.labels import parse_labels
from exporters.recording.access import Access, parse_headers, tls_context
from exporters.recording.duration import parse_duration
from exporters.recording.keeper import Keeper
from exporters.recording.recorder import record
from exporters.recording.screen import Screen
from exporters.recording.status import Status
from exporters.recording.target_file import read_targets
from exporters.recording.targets import Target, TargetError, distinct, make_target
from exporters.source import SourceFailed
from exporters.stopping import stop_signals

_DESCRIPTION = """Scrapes /metrics pages into a store until Ctrl-C, SIGTERM or --for, as a Prometheus would.

Every target gets the labels instance (host:port) and job (record) unless it is given others. Beside each page go `up`,
`scrape_duration_seconds` and `scrape_samples_scraped`; series that leave a page, and all of a target that fails, get a
stale marker. Only whole answers count: status 200, an exposition content type, not cut."""

_EPILOG = """examples:
  gpuyield record --target http://10.0.1.7:9400/metrics --target 10.0.1.8:8000 --store ./store
  gpuyield record --targets targets.yaml --store ./store --interval 5s --for 10m
  gpuyield record --target https://10.0.1.9:10250/metrics --store ./store --ca-file ca.pem --bearer-token-file token

A targets file is YAML or JSON, in one of two forms; labels and interval of an entry win over those given here:
  - targets: ["10.0.1.7:9400", "10.0.1.8:9400"]            Prometheus's file_sd; __scheme__ and
    labels: {job: dcgm, __metrics_path__: /metrics}        __metrics_path__ are understood

  targets:
    - url: http://10.0.1.7:8000/metrics
      labels: {job: vllm, namespace: chat}
      interval: 5s

Samples reach the disk every 60 seconds and at the end; while the disk is full they wait in memory and are tried again.
At the end scrapes under way may finish; a second Ctrl-C does not wait for them.
exit code: 0 done; 2 usage, or the store cannot be written; 3 no target ever gave a page
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    add = parser.add_argument
    add("--target", action="append", default=[], metavar="URL", help="a page, or HOST:PORT; may be repeated")
    add("--targets", type=Path, metavar="FILE", help="a file of targets, YAML or JSON (see below)")
    add("--store", type=Path, required=True, metavar="DIR", help="the store; made when it is missing")
    add("--interval", type=_duration, default=15.0, metavar="TIME", help="from scrape to scrape (default: 15s)")
    add("--timeout", type=_duration, default=10.0, metavar="TIME", help="at most the interval (default: 10s)")
    add("--label", action="append", default=[], metavar="NAME=VALUE", help="a label for every series; may be repeated")
    add(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="is sent to every target, never shown, and not taken along when a target redirects; may be repeated",
    )
    add("--bearer-token-file", type=Path, metavar="FILE", help="its token is sent to every target; read each time")
    add("--ca-file", type=Path, metavar="FILE", help="PEM certificates to trust beside the system's")
    add("--insecure-skip-verify", action="store_true", help="take any TLS certificate")
    add("--for", dest="span", type=_duration, metavar="TIME", help="end after this time, for example 10m or 1h30m")


def run(arguments: argparse.Namespace) -> int:
    """Records and prints what came of it."""
    targets = _targets(arguments)
    tls = tls_context(arguments.ca_file, arguments.insecure_skip_verify)
    access = Access(arguments.timeout, tls, parse_headers(arguments.header), arguments.bearer_token_file)
    end = None if arguments.span is None else time.monotonic() + arguments.span
    screen = Screen(sys.stderr, "gpuyield record: ")
    with stop_signals() as received:
        keeper, status = Keeper(arguments.store, screen.say), Status(screen.say)
        screen.say(f"recording {len(targets):,} targets into {arguments.store}; Ctrl-C ends it")
        try:
            record(
                targets,
                access.fetcher,
                keeper,
                status,
                is_over=lambda: bool(received) or (end is not None and time.monotonic() >= end),
                is_urgent=lambda: len(received) > 1,
                tick=lambda: screen.show(_progress(keeper, status, len(targets))),
            )
        finally:
            screen.show("")
    dropped = f"; {keeper.samples_dropped:,} samples were dropped" if keeper.samples_dropped else ""
    print(
        f"recorded {keeper.samples_written:,} samples of {keeper.series_seen:,} series in {status.scrapes:,} scrapes"
        f" ({status.failed:,} failed) into {arguments.store}; {status.targets_up:,} of {len(targets):,} targets up"
        f"{dropped}"
    )
    if status.scrapes and status.failed == status.scrapes:
        raise SourceFailed(f"no target ever gave a page; the last to fail was {status.last_failure}")
    return 0


def _targets(arguments: argparse.Namespace) -> list[Target]:
    labels = parse_labels(arguments.label)
    found = [make_target(url, labels, arguments.interval) for url in arguments.target]
    if arguments.targets is not None:
        found += read_targets(arguments.targets, labels, arguments.interval)
    if not found:
        raise TargetError("nothing to scrape: give --target URL or --targets FILE")
    return distinct(found)


def _progress(keeper: Keeper, status: Status, targets: int) -> str:
    return (
        f"{status.targets_up:,} of {targets:,} targets up; {keeper.samples_written:,} samples on disk,"
        f" {keeper.samples_held:,} in memory"
    )


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

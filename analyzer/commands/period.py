"""Which window a command speaks of: --start, --end, --since, and what is there."""

from __future__ import annotations

import argparse
import math
import re
from datetime import UTC, datetime

from analyzer.stores.frame import Store
from analyzer.window import MICROSECONDS, Window, rfc3339
from exporters.source import GpuyieldError

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_TIMES = "write 2026-11-10T00:00:00Z or unix seconds"
_FAR_SECONDS = 1e10  # in the year 2286
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class TimeError(GpuyieldError):
    """A time on the command line cannot be understood."""


def add_period_arguments(parser: argparse.ArgumentParser) -> None:
    """--since, --start, --end."""
    parser.add_argument("--since", metavar="SPAN", help="length of the window where one end is not given: 90m, 24h, 7d")
    parser.add_argument("--start", metavar="TIME", help="start of the window: RFC 3339 or unix seconds")
    parser.add_argument("--end", metavar="TIME", help="end of the window")


def window_of(arguments: argparse.Namespace, store: Store, most_seconds: float = math.inf) -> Window:
    """The window asked for; by default all that is there, but the last `most_seconds` of it at most. Both ends given,
    the store is not asked."""
    since = parse_span(arguments.since) if arguments.since else None
    end = parse_time(arguments.end) if arguments.end else None
    start = parse_time(arguments.start) if arguments.start else None
    if start is not None and end is not None and since is not None:
        raise TimeError("--start, --end and --since say too much: give two of them")
    if start is not None and since is not None:
        end = start + since
    if end is not None and since is not None:
        start = end - since
    if start is None or end is None:
        extent = _extent(store)
        end = extent.end / MICROSECONDS if end is None else end
        if start is None:
            there = max(extent.start / MICROSECONDS, end - most_seconds)
            start = end - since if since is not None else min(there, end - 1)
    return _between(start, end)


def _between(start: float, end: float) -> Window:
    if start < 0:
        raise TimeError("--since goes back before 1970: give a shorter one")
    if start >= end:
        first, last = (rfc3339(round(at * MICROSECONDS)) for at in (start, end))
        raise TimeError(f"the window must start before it ends: it would be from {first} to {last}")
    return Window.of_seconds(start, end)


def _extent(store: Store) -> Window:
    extent = store.extent()
    if extent is None:
        raise GpuyieldError(
            f"no series of a device, a node or an engine was found in {store.description}; it needs dcgm-exporter,"
            " kube-state-metrics, Karpenter or an engine's page in it (give --start and --end for a time long past, and"
            " where --match names a label that a Prometheus adds to what it sends)"
        )
    return extent


def parse_time(text: str) -> float:
    """Unix seconds of an RFC 3339 time or a number; a time without zone is UTC."""
    try:
        at = float(text)
    except ValueError:
        at = _written(text)
    if not 0 <= at < _FAR_SECONDS:  # milliseconds, perhaps
        raise TimeError(f"{text!r} is no time: {_TIMES}")
    return at


def _written(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"{text!r} is no time: {_TIMES}") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def parse_span(text: str) -> float:
    """Seconds of a span such as 90m or 7d."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise TimeError(f"--since {text!r} is no span: write a number and s, m, h, d or w, for example 24h")
    return float(match[1]) * _SECONDS[match[2]]

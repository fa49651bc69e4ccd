"""`gpuyield publish`: the ledger as counters, on a page for Prometheus and in sinks."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.advice.advise import signals
from analyzer.commands.ledger_options import add_ledger_arguments, options_of
from analyzer.commands.origin import TooDear, add_origin_arguments, opened
from analyzer.commands.period import parse_span
from analyzer.commands.price_options import add_price_arguments, book_of
from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.pricing.karpenter_estimate import TABLES
from analyzer.publish.publisher import Pace, Publisher
from analyzer.publish.serving import Serving
from analyzer.publish.state import owned
from analyzer.stores.frame import Store
from analyzer.window import Window
from exporters.agent.options import add_settings, settings_of
from exporters.agent.reading import Reading, State
from exporters.agent.settings import parse_interval
from exporters.agent.snapshot import Snapshot
from exporters.sinks.kind import Origin
from exporters.sinks.options import SINK_SETTINGS, describe_sinks, sinks_of
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.source import GpuyieldError
from exporters.stopping import stop_signals
from exporters.whole_file import write_whole

if TYPE_CHECKING:
    from analyzer.stores.prometheus.cost import Estimate

_LOOK_SECONDS = 0.2
_SETTINGS = ("listen", "web_config", "log_format", "log_level", *SINK_SETTINGS)

_DESCRIPTION = """Puts each closed five minutes of a store into the ledger, once, and serves the sums as counters
(gpuyield_ledger_...), so that boards and alarms show the dollars of the report. Totals go on after a restart: they are
kept in --state, and what happened meanwhile is computed from the store.

A cell closes when the store holds a sample past its end and --settle has gone by. Until --horizon later it is computed
again with each pass: late data is added; what late data would take away is held back until the counter has caught up,
since a counter may not fall (gpuyield_publish_held_back_dollars). A series that is new is shown as 0 for one pass, so
that increase() sees its first amount: let Prometheus scrape at least twice per --interval."""

_EPILOG = """examples:
  gpuyield publish --prometheus http://127.0.0.1:9090 --state ./publish.state
  gpuyield publish --prometheus http://127.0.0.1:9090 --state ./publish.state --slo ttft=0.5 --listen :19400
  gpuyield publish --store ./store --once                          a look at what the newest cell would add
  gpuyield publish --store ./store --state ./publish.state --once --output /var/lib/node_exporter/gpuyield.prom

exit code: 0 stopped; 2 a setting is wrong, the address is taken, or the state file cannot be used; with --once also 3,
the store does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.description = _DESCRIPTION
    parser.epilog = f"{_EPILOG}\n{describe_sinks()}"
    add_origin_arguments(parser)
    add_ledger_arguments(parser)
    add_price_arguments(parser)
    cells = parser.add_argument_group("the cells")
    cells.add_argument("--state", type=Path, metavar="FILE", help="where the totals are kept; needed without --once")
    cells.add_argument("--interval", type=_interval, default=300.0, metavar="TIME", help="between passes (default: 5m)")
    _add_span(cells, "--settle", "2m", "from a cell's end until it is computed")
    _add_span(cells, "--horizon", "1h", "late data corrects a cell for so long")
    _add_span(cells, "--catch-up", "24h", "cells are computed later for so long; older ones are counted as skipped")
    _add_span(cells, "--findings", "24h", "findings are looked for over so long, once an hour; 0s: not at all")
    cells.add_argument("--once", action="store_true", help="make one pass, write the page and end")
    cells.add_argument("--output", type=Path, metavar="FILE", help="with --once: write there instead of to stdout")
    add_settings(parser, _SETTINGS)
    parser.set_defaults(node_name="publish")  # it speaks for no single node


def run(arguments: argparse.Namespace) -> int:
    """Publishes until it is told to stop, or once."""
    if arguments.save is not None:
        raise GpuyieldError("--save is for advise: publish reads again and again")
    if arguments.state is None and not arguments.once:
        raise GpuyieldError("--state FILE is needed: the totals must go on after a restart")
    with ExitStack() as held, stop_signals() as received:
        if arguments.state is not None:
            held.enter_context(owned(arguments.state))
        publisher = _publisher(arguments)
        if arguments.once:
            _once(publisher, arguments)
            return 0
        settings = replace(settings_of(arguments, os.environ), interval_seconds=arguments.interval)
        serving = Serving(publisher, settings, sinks_of(settings, Origin()))
        serving.start()
        while not received:
            time.sleep(_LOOK_SECONDS)
        serving.stop()
    return 0


def _publisher(arguments: argparse.Namespace) -> Publisher:
    options, also = options_of(arguments), {**TABLES, **signals()}

    @contextmanager
    def source() -> Iterator[Store]:
        with opened(arguments, affordable) as store:
            yield store

    def affordable(costs: Estimate) -> None:
        if costs.total > arguments.max_samples and not arguments.yes:
            raise TooDear(f"a pass would read {costs.total:.3g} samples: raise --max-samples, or shorten --horizon")

    def computed(store: Store, window: Window) -> Ledger:
        return compute_ledger(store, window, book_of(arguments, store, window), options, also=also)

    # Without a state file there is no next time: nothing needs to be seen as 0 first.
    zero = None if arguments.state is None else arguments.interval / 2
    pace = Pace(arguments.settle, arguments.horizon, arguments.catch_up, zero, arguments.findings)
    return Publisher(source, computed, pace, time, arguments.state)


def _once(publisher: Publisher, arguments: argparse.Namespace) -> None:
    publisher.run()
    page = _page(publisher)
    if arguments.output is None:
        sys.stdout.buffer.write(page)
    else:
        try:
            write_whole(arguments.output, page)
        except OSError as error:
            raise GpuyieldError(f"{arguments.output} cannot be written: {error.strerror or error}") from error
    publisher.shown()
    publisher.save()


def _page(publisher: Publisher) -> bytes:
    snapshot = Snapshot(time)
    snapshot.put("ledger", Reading(0, State.WAITING, publisher.samples))
    return PrometheusPage(snapshot).answer().body


def _add_span(group: argparse._ArgumentGroup, flag: str, default: str, text: str) -> None:
    group.add_argument(
        flag, type=_span, default=parse_span(default), metavar="SPAN", help=f"{text} (default: {default})"
    )


def _span(text: str) -> float:
    try:
        return parse_span(text)
    except GpuyieldError:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number and s, m, h, d or w, for example 90s") from None


def _interval(text: str) -> float:
    try:
        return parse_interval(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None

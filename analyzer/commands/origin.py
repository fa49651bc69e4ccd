"""Which store a command reads: a folder, a Prometheus-compatible server, or the Prometheus that the cluster has."""

from __future__ import annotations

import argparse
import re
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.ledger.fleet import Prices
from analyzer.ledger.ledger import Ledger, compute_ledger
from analyzer.ledger.options import Options
from analyzer.pricing.karpenter_estimate import TABLES
from analyzer.stores.frame import Store
from analyzer.stores.parquet import ParquetStore
from analyzer.stores.prometheus.access import ServerAccess, access_of, add_access_arguments
from analyzer.window import Window
from exporters.metric import Metric
from exporters.progress import bar
from exporters.source import GpuyieldError, SourceError, SourceFailed

if TYPE_CHECKING:
    from analyzer.stores.prometheus.cost import Estimate
    from analyzer.stores.prometheus.download import Source
    from analyzer.stores.prometheus.selector import Matcher
    from analyzer.stores.prometheus.store import Reading

    Agree = Callable[[Estimate], None]

_LEDGER_STEPS = 62  # metrics read and stages after them; only the bar's length depends on it
_MATCHER = re.compile(r'([^\s=!~"]+?)(=~|!~|!=|=)(?:"(.*)"|([^"]*))', re.DOTALL)


class TooDear(GpuyieldError):
    """More would be read than was allowed, and nobody is there to ask."""


def add_origin_arguments(parser: argparse.ArgumentParser) -> None:
    """--store, --prometheus and all that goes with a server."""
    where = parser.add_argument_group(
        "where the samples are",
        "Without --store and --prometheus, the Prometheus of the current Kubernetes context is looked for.",
    )
    either = where.add_mutually_exclusive_group()
    either.add_argument("--store", type=Path, metavar="DIR", help="a store folder")
    either.add_argument(
        "--prometheus", metavar="URL", help="Prometheus, Thanos, Mimir, VictoriaMetrics, Amazon Managed Prometheus"
    )
    either.add_argument("--context", metavar="NAME", help="look for Prometheus in this Kubernetes context")
    server = parser.add_argument_group("reading a server")
    server.add_argument("--save", type=Path, metavar="DIR", help="keep what was read as a store in this new folder")
    server.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="only series with this label, also !=, =~, !~; may be repeated",
    )
    server.add_argument("--cluster-label", default="", metavar="LABEL", help="the label that tells clusters apart")
    server.add_argument(
        "--max-samples",
        type=float,
        default=1e8,
        metavar="N",
        help="above it averages and states are read coarser, and if that is not enough you are asked (default: 1e8)",
    )
    server.add_argument("--yes", action="store_true", help="do not ask, read it")
    add_access_arguments(parser)


@contextmanager
def opened(arguments: argparse.Namespace, agree: Agree | None = None) -> Iterator[Store]:
    """The store that the arguments mean; a server's connections end with it. `agree` takes the place of the question
    to a person where much would be read."""
    if arguments.store is not None:
        if arguments.save is not None:
            raise GpuyieldError("--save keeps what a server gives; with --store it is kept already")
        yield ParquetStore(arguments.store)
        return
    from analyzer.stores.prometheus.store import PrometheusStore

    reading = reading_of(arguments, agree)  # what is wrong with it is said before a server is asked
    with PrometheusStore(_server(arguments), reading) as store:
        yield store


def ledger_of(
    store: Store, window: Window, options: Options, prices: Prices, also: Mapping[str, Metric] | None = None
) -> Ledger:
    """The ledger, with a bar while it is made. What prices are read from the store is read with the rest."""
    with bar("ledger", _LEDGER_STEPS) as move:
        steps = iter(range(1, 10 * _LEDGER_STEPS))
        read = {**TABLES, **(also or {})}
        return compute_ledger(store, window, prices, options, lambda note: move(next(steps), note), read)


def release_of(store: Store) -> str:
    """The Helm release that a Prometheus picks its monitors by; empty where there is none to ask."""
    from analyzer.stores.prometheus.store import PrometheusStore
    from analyzer.stores.prometheus.targets import release_label

    return release_label(store.source.server) if isinstance(store, PrometheusStore) else ""


def _server(arguments: argparse.Namespace) -> Source:
    from analyzer.stores.prometheus.connect import connect

    if arguments.prometheus is not None:
        return connect(access_of(arguments), arguments.cluster_label)
    return _found(arguments)


def _found(arguments: argparse.Namespace) -> Source:
    """The first of the cluster's candidates that answers and holds something of a node, a device or an engine."""
    from analyzer.stores.prometheus.in_cluster.find import find_prometheus
    from analyzer.stores.prometheus.in_cluster.proxy import proxy_refusal

    found = find_prometheus(arguments.context)
    refusals: list[str] = []
    for candidate in found.candidates:
        access = found.access(candidate)
        way_in = ServerAccess(
            access.base_url,
            access.tls or ssl.create_default_context(),
            access.auth,
            timeout_seconds=arguments.timeout,
            description=access.description,
            refused=partial(proxy_refusal, candidate),
            uses_proxies=True,
        )
        try:
            source = _telling(way_in, arguments)
            print(f"Found {source.description}", file=sys.stderr)
            return source
        except SourceError as error:
            refusals.append(f"{candidate}: {error}")
    raise SourceFailed("no Prometheus of this cluster could be used:\n  " + "\n  ".join(refusals))


def _telling(access: ServerAccess, arguments: argparse.Namespace) -> Source:
    """The source, where it holds something that the ledger could use."""
    from analyzer.stores.prometheus.connect import connect
    from analyzer.stores.prometheus.extent import extent

    source = connect(access, arguments.cluster_label)
    try:
        if extent(source.api, _matchers(arguments.match)) is None:
            raise SourceFailed("holds nothing of a node, a device or an engine")
    except BaseException:
        source.server.close()
        raise
    return source


def reading_of(arguments: argparse.Namespace, agree: Agree | None = None) -> Reading:
    """What may be read, and whom to ask where it is much."""
    from analyzer.stores.prometheus.store import Reading

    if arguments.save is not None and arguments.save.exists():
        raise GpuyieldError(f"--save {arguments.save} exists: give a new folder, or read it with --store")
    if arguments.save is not None and not arguments.save.absolute().parent.is_dir():
        raise GpuyieldError(f"--save {arguments.save}: there is no folder {arguments.save.parent} to make it in")
    return Reading(
        _matchers(arguments.match),
        arguments.max_samples,
        arguments.save,
        agree or (lambda costs: _agree(costs, arguments.max_samples, arguments.yes)),
    )


def _agree(costs: Estimate, limit: float, is_agreed: bool) -> None:
    """Says what will be read; asks a person where it is more than the limit, and refuses where none is there."""
    print(str(costs), file=sys.stderr)
    if costs.total <= limit or is_agreed:
        return
    why = f"that is more than --max-samples {limit:g}"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise TooDear(f"{why}: take a shorter --since, or say --yes")
    print(f"{why}. Read it all? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise TooDear("nothing was read; a shorter --since costs less")


def _matchers(texts: list[str]) -> tuple[Matcher, ...]:
    """`--match cluster=prod` and the like."""
    from analyzer.stores.prometheus.selector import Matcher, Operator

    found = []
    for text in texts:
        read = _MATCHER.fullmatch(text.strip())
        if read is None:
            raise GpuyieldError(f"--match {text!r}: write LABEL=VALUE, LABEL!=VALUE, LABEL=~REGEX or LABEL!~REGEX")
        label, operator, quoted, plain = read.groups()
        found.append(Matcher(label, Operator(operator), quoted if quoted is not None else plain))
    return tuple(found)

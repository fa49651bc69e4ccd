"""`gpuyield prices`: what machines cost, why, and how to take the prices along."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TypeVar

from analyzer.commands.origin import add_origin_arguments, opened
from analyzer.commands.period import add_period_arguments, window_of
from analyzer.commands.price_options import add_price_arguments, asked_clusters, book_of, shelf_of
from analyzer.commands.price_tables import listed, reasoned
from analyzer.pricing.fees import EksFees
from analyzer.pricing.instances import TABLE_REGION, instance_types
from analyzer.pricing.karpenter_estimate import TABLES
from analyzer.pricing.path import Resource
from analyzer.pricing.price import CAPACITY_BLOCK, EFFECTIVE, ON_DEMAND, RESERVED, SPOT
from analyzer.pricing.price_list import BARE_METAL, SHARED, UNUSED, PriceList
from analyzer.pricing.reservations import reserved
from analyzer.pricing.shelf import Kept, Shelf, cache_folder
from analyzer.pricing.spot_history import SpotHistory
from analyzer.stores.frame import Question, Store
from analyzer.window import MICROSECONDS, Window
from exporters.canonical.nodes import node_info, node_shape_info
from exporters.source import GpuyieldError, SourceError, SourceFailed
from exporters.whole_file import write_whole

_DAY_SECONDS = 86_400

T = TypeVar("T")

_EPILOG = """examples:
  gpuyield prices list --instance-type "p5*"
  gpuyield prices list --prices rates.yaml --price-basis effective --format json
  gpuyield prices why p5.48xlarge --capacity-type spot --zone us-east-1a --ask-aws --price-basis effective
  gpuyield prices why ip-10-0-1-7.ec2.internal --prometheus http://127.0.0.1:9090
  gpuyield prices refresh --aws-region us-east-1 --spot p5.48xlarge --eks-cluster prod
  gpuyield prices export prices.json      then, without a network: gpuyield advise --prices prices.json

Cost Explorer is never asked: it charges for every question.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_list(actions.add_parser("list", help="what instance types, reservations and fees cost"))
    _add_why(actions.add_parser("why", help="which source a price came from, and why not another"))
    _add_refresh(actions.add_parser("refresh", help="ask AWS anew, and keep what it says"))
    export = actions.add_parser("export", help="write all that AWS said into one file, for a place without network")
    export.add_argument("file", type=Path, metavar="FILE")
    export.set_defaults(act=_export)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--instance-type", action="append", default=[], metavar="GLOB", help='as "p5*"; may be repeated'
    )
    parser.add_argument("--region", action="append", default=[], help=f"may be repeated (default: {TABLE_REGION})")
    _add_format(parser)
    add_price_arguments(parser)
    parser.set_defaults(act=_list)


def _add_why(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="NODE_OR_TYPE", help="an instance type, or a node of the store")
    bought = (ON_DEMAND, SPOT, RESERVED, CAPACITY_BLOCK, "hybrid")
    parser.add_argument("--capacity-type", choices=bought, default="", help="how it was bought")
    parser.add_argument("--region", default="", help="where it is")
    parser.add_argument("--zone", default="", help="where it is, for spot")
    parser.add_argument("--reservation", default="", metavar="ID", help="the reservation or block that it is in")
    _add_format(parser)
    add_price_arguments(parser)
    add_origin_arguments(parser)
    add_period_arguments(parser)
    parser.set_defaults(act=_why)


def _add_refresh(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--aws-region", action="append", required=True, metavar="REGION", help="may be repeated")
    parser.add_argument(
        "--spot", action="append", default=[], metavar="TYPE", help="instance type whose spot history is read"
    )
    parser.add_argument(
        "--eks-cluster", action="append", default=[], metavar="[REGION/]NAME", help="whose fees are read"
    )
    parser.set_defaults(act=_refresh)


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("table", "json"), default="table", help="what to print (default: table)")


def run(arguments: argparse.Namespace) -> int:
    """Does what was asked for."""
    act: Callable[[argparse.Namespace], int] = arguments.act
    return act(arguments)


def _list(arguments: argparse.Namespace) -> int:
    window = _today()
    shelf = shelf_of(arguments)
    book = book_of(arguments, None, window, shelf)
    spot = shelf if arguments.price_basis == EFFECTIVE else None
    sys.stdout.write(listed(book, list(_resources(arguments, spot)), window, arguments.format))
    return 0


def _resources(arguments: argparse.Namespace, spot: Shelf | None) -> Iterator[Resource]:
    """Every accelerator type that is meant, on demand and in the zones whose spot prices are known."""
    patterns = arguments.instance_type or ["*"]
    names = [name for name in instance_types() if any(fnmatchcase(name, one) for one in patterns)]
    names += [one for one in patterns if one not in names and not set(one) & set("*?[")]
    for region in arguments.region or [TABLE_REGION]:
        for name in names:
            yield Resource(instance_type=name, capacity_type=ON_DEMAND, region=region)
            for zone in SpotHistory(spot).known_zones(region, name) if spot else []:
                yield Resource(instance_type=name, capacity_type=SPOT, region=region, zone=zone)


def _why(arguments: argparse.Namespace) -> int:
    if not (arguments.store or arguments.prometheus or arguments.context):
        asked = Resource(instance_type=arguments.subject)
        return _reason(arguments, None, _today(), _said(arguments, asked))
    with opened(arguments) as store:
        window = window_of(arguments, store, _DAY_SECONDS)
        return _reason(arguments, store, window, _said(arguments, _resource_of(store, window, arguments.subject)))


def _reason(arguments: argparse.Namespace, store: Store | None, window: Window, resource: Resource) -> int:
    book = book_of(arguments, store, window)
    is_asked = arguments.ask_aws or bool(arguments.prices)
    sys.stdout.write(reasoned(book, resource, window, arguments.format, is_asked))
    return 0


def _said(arguments: argparse.Namespace, found: Resource) -> Resource:
    """The resource, with what the command line says of it."""
    return Resource(
        found.cluster,
        found.node,
        found.provider_id,
        found.instance_type,
        arguments.capacity_type or found.capacity_type or ON_DEMAND,
        arguments.region or found.region or next(iter(arguments.aws_region), ""),
        arguments.zone or found.zone,
        arguments.reservation or found.reservation_id,
    )


def _resource_of(store: Store, window: Window, subject: str) -> Resource:
    """The node of this name; a subject that is an instance type stands for itself."""
    questions = {name: Question(metric, window) for name, metric in (*TABLES.items(), ("shape", node_shape_info))}
    questions["node"] = Question(node_info, window)
    store.expect(list(questions.values()))
    if subject in instance_types():
        return Resource(instance_type=subject)
    told = [*store.read(questions["shape"]).series.to_pylist(), *store.read(questions["node"]).series.to_pylist()]
    rows = [row for row in told if row["node"] == subject]
    if not rows:
        raise GpuyieldError(f"{store.description} has no node {subject}; give its name as Kubernetes has it, or a type")

    def first(label: str) -> str:
        return next((row[label] for row in rows if row.get(label)), "")

    labels = ("cluster", "node", "provider_id", "instance_type", "capacity_type", "region", "zone", "reservation")
    return Resource(*(first(label) for label in labels))


def _refresh(arguments: argparse.Namespace) -> int:
    shelf = Shelf(cache_folder(os.environ), asks=True, renews=True)
    failed = []
    for subject, ask in _questions(arguments, shelf):
        try:
            print(f"{subject}: {ask()}", flush=True)
        except SourceError as error:
            failed.append(f"{subject}: {error}")
    if failed:
        raise SourceFailed("\n  ".join(["not everything answered; what was kept of it stays:", *failed]))
    return 0


def _questions(arguments: argparse.Namespace, shelf: Shelf) -> Iterator[tuple[str, Callable[[], str]]]:
    for region in arguments.aws_region:
        yield f"on-demand prices of {region}", partial(_refreshed_list, shelf, region)
        yield f"reservations of {region}", partial(_refreshed_reservations, shelf, region)
        for instance_type in arguments.spot:
            yield f"spot history of {instance_type} in {region}", partial(_refreshed_spot, shelf, region, instance_type)
    for region, name in asked_clusters(arguments):
        yield f"EKS fees of {name}", partial(_refreshed_fees, shelf, region, name)


def _refreshed_list(shelf: Shelf, region: str) -> str:
    kinds = [_new(PriceList(shelf).listed(region, offer)) for offer in (SHARED, BARE_METAL, UNUSED)]
    return f"{sum(len(one.prices) for one in kinds)} prices"


def _refreshed_reservations(shelf: Shelf, region: str) -> str:
    found = [one for kept in reserved(shelf, region) for one in _new(kept).reserved]
    return f"{len(found)}, {sum(one.unused for one in found)} of {sum(one.count for one in found)} instances unused"


def _refreshed_spot(shelf: Shelf, region: str, instance_type: str) -> str:
    zones = _new(SpotHistory(shelf).kept(region, instance_type)).zones
    return f"{sum(len(changes) for changes in zones.values())} prices in {len(zones)} zones"


def _refreshed_fees(shelf: Shelf, region: str, name: str) -> str:
    fees = EksFees(shelf)
    cluster = _new(fees.cluster(region, name))
    return f"Kubernetes {cluster.version}, {len(fees.of(region, name))} fees"


def _new(kept: Kept[T]) -> T:
    if kept.trouble:
        raise SourceFailed(kept.trouble)
    return kept.value


def _export(arguments: argparse.Namespace) -> int:
    folder = cache_folder(os.environ)
    if not folder.is_dir():
        raise GpuyieldError(f"{folder} is empty: ask AWS first (gpuyield prices refresh --aws-region REGION)")
    try:
        write_whole(arguments.file, Shelf(folder).exported())
    except OSError as error:
        raise GpuyieldError(f"{arguments.file} cannot be written: {error.strerror or error}") from error
    return 0


def _today() -> Window:
    now = round(time.time() * MICROSECONDS)
    return Window(now - _DAY_SECONDS * MICROSECONDS, now)

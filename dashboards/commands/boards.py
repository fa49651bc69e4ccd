"""`gpuyield boards`: writes the Grafana boards, brings them into a Grafana, makes the CloudWatch dashboard."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analyzer.kpi.scope import Scope
from analyzer.stores.prometheus.access import access_of, add_access_arguments
from analyzer.window import MICROSECONDS
from exporters.recording.fetch import read_token
from exporters.source import GpuyieldError
from exporters.whole_file import write_whole

TOKEN_VARIABLE = "GRAFANA_TOKEN"
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_SEEN_SECONDS = 86_400

_EPILOG = """examples:
  gpuyield boards write ./boards                                # for Grafana's file provisioning
  gpuyield boards write ./boards --prometheus http://127.0.0.1:9090
  gpuyield boards apply --grafana https://grafana.example.com --token-file token --dry-run
  gpuyield boards cloudwatch --region eu-west-1 --cluster prod  # prints the dashboard
  gpuyield boards cloudwatch --region eu-west-1 --cluster prod --apply

Each query asks for every name that a metric ever had. With --prometheus it asks only for those that are there: shorter
queries, to be written again when an exporter is added.
"""

Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be done with boards."""
    parser.epilog = _EPILOG
    kinds = parser.add_subparsers(dest="boards", metavar="WHAT", required=True)
    write = kinds.add_parser("write", help="write the Grafana boards as JSON files")
    write.add_argument("folder", type=Path, metavar="DIR")
    _add_board_arguments(write)
    apply = kinds.add_parser("apply", help="bring the boards into a Grafana")
    apply.add_argument("--grafana", required=True, metavar="URL", help="as a browser shows it")
    apply.add_argument("--token-file", type=Path, metavar="FILE", help=f"of a service account; else ${TOKEN_VARIABLE}")
    apply.add_argument("--folder", default="", metavar="UID", help="the folder for new boards")
    apply.add_argument("--dry-run", action="store_true", help="only say what would change")
    _add_board_arguments(apply)
    cloud = kinds.add_parser("cloudwatch", help="print or make the CloudWatch dashboard")
    cloud.add_argument("--region", metavar="NAME", help="else that of the AWS settings")
    cloud.add_argument("--cluster", default="", metavar="NAME", help="only this one (default: all together)")
    cloud.add_argument("--name", default="gpuyield", metavar="NAME", help="what the dashboard is called")
    cloud.add_argument("--apply", action="store_true", help="make it, where it is not there just so")
    cloud.add_argument("--endpoint-url", metavar="URL", help="of CloudWatch, where it is not AWS's own")


def _add_board_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cluster-label", default="cluster", metavar="LABEL", help="what tells clusters apart")
    parser.add_argument("--advisor", default="", metavar="URL", help="link to the advisor")
    parser.add_argument("--runbooks", default="", metavar="URL", help="link to the runbooks")
    parser.add_argument("--prometheus", metavar="URL", help="ask only for names that this server has")
    add_access_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Does it, a line for each board on stderr."""
    todo: dict[str, Callable[[argparse.Namespace], None]] = {
        "write": _write,
        "apply": _apply,
        "cloudwatch": _cloudwatch,
    }
    todo[arguments.boards](arguments)
    return 0


def _write(arguments: argparse.Namespace) -> None:
    from dashboards.grafana_json import text_of

    try:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        for board in _made(arguments):
            path, data = arguments.folder / f"{board['uid']}.json", text_of(board).encode()
            is_same = path.exists() and path.read_bytes() == data
            if not is_same:
                write_whole(path, data)
            print(f"{path}: {'unchanged' if is_same else 'written'}", file=sys.stderr)
    except OSError as error:
        raise GpuyieldError(f"{arguments.folder} cannot be written: {error.strerror}") from None


def _apply(arguments: argparse.Namespace) -> None:
    from dashboards.grafana_api import Step, grafana

    token = read_token(arguments.token_file) if arguments.token_file else os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise GpuyieldError(f"a token is needed: give --token-file FILE, or set {TOKEN_VARIABLE}")
    server = grafana(arguments.grafana, token, arguments.folder)
    for board, step in server.steps(_made(arguments)):
        if step is not Step.SAME and not arguments.dry_run:
            server.put(board)
        print(f"{board['uid']}: {step}{', not applied' * arguments.dry_run}", file=sys.stderr)


def _cloudwatch(arguments: argparse.Namespace) -> None:
    from dashboards.cloudwatch import place
    from dashboards.cloudwatch.board import body

    region = arguments.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise GpuyieldError("which region of AWS? Give --region, or set AWS_REGION")
    made = body(region, arguments.cluster)
    if not arguments.apply:
        print(made)
        return
    is_same = place.present(region, arguments.name, arguments.endpoint_url) == json.loads(made)
    remarks = [] if is_same else place.put(region, arguments.name, made, arguments.endpoint_url)
    for remark in remarks:
        print(f"CloudWatch remarks: {remark}", file=sys.stderr)
    print(f"dashboard {arguments.name} in {region}: {'unchanged' if is_same else 'written'}", file=sys.stderr)


def _made(arguments: argparse.Namespace) -> Iterator[Json]:
    try:
        from dashboards.grafana import boards
        from dashboards.grafana_json import Links, grafana_json
    except ModuleNotFoundError as error:
        raise GpuyieldError(f"boards need gpuyield[boards] ({error})") from None
    if not _LABEL.fullmatch(arguments.cluster_label):
        raise GpuyieldError(f"--cluster-label: {arguments.cluster_label!r} is no label name")
    scope = Scope(cluster=arguments.cluster_label)
    if arguments.prometheus:
        scope = Scope(cluster=arguments.cluster_label, has=_names(arguments).__contains__)
    links = Links(arguments.advisor, arguments.runbooks)
    yield from (grafana_json(board, scope, links) for board in boards().values())


def _names(arguments: argparse.Namespace) -> frozenset[str]:
    """What the server had in the last day."""
    from analyzer.stores.prometheus.query_api import QueryApi
    from analyzer.stores.prometheus.server import Server

    server = Server(access_of(arguments))
    end = round(time.time() * MICROSECONDS)
    try:
        return frozenset(QueryApi(server).label_values("__name__", None, end - _SEEN_SECONDS * MICROSECONDS, end))
    finally:
        server.close()

"""`gpuyield permissions`: the least that AWS and Kubernetes must allow, read from the calls in the program."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

import yaml

from analyzer.permissions.amazon_prometheus import IN_CLUSTER, STORE, is_within
from analyzer.permissions.aws_calls import AwsCall, aws_calls
from analyzer.permissions.iam import policy
from analyzer.permissions.kubernetes_reads import Read, kubernetes_reads
from analyzer.permissions.rbac import Roles, cluster_role, prometheus_role
from analyzer.permissions.reach import reached
from analyzer.permissions.source_tree import Module, modules
from exporters.source import GpuyieldError

_PROMETHEUS = "prometheus"
_CLUSTER = "cluster"
_CLOUDWATCH = "cloudwatch"
_VERBS = ("advise", "prices")
_COLLECTOR = "exporters.cluster"
# Who writes to AWS, and where that stands; nothing of it is needed for reports.
_WRITERS = {_CLOUDWATCH: "exporters.sinks", "boards": "dashboards", "rules": "alerts"}

_EPILOG = """examples:
  gpuyield permissions iam > policy.json
  gpuyield permissions iam --for cloudwatch --arn 'arn:aws:logs:eu-west-1:123456789012:log-group:/my/group:*'
  gpuyield permissions iam --for prometheus --arn arn:aws:aps:eu-west-1:123456789012:workspace/ws-1
  gpuyield permissions rbac --for cluster | kubectl apply -f -
  gpuyield permissions rbac --for prometheus --namespace monitoring

What must be known of a policy is told on stderr. Nothing is asked of AWS or of a cluster.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.epilog = _EPILOG
    kinds = parser.add_subparsers(dest="permissions", metavar="WHAT", required=True)
    iam = kinds.add_parser("iam", help="a policy of AWS, as JSON")
    iam.add_argument(
        "--for",
        dest="purpose",
        choices=(*_VERBS, _PROMETHEUS, *_WRITERS),
        help="--ask-aws of advise and doctor, the verb prices, reading Amazon Managed Prometheus, sending by --sink"
        " cloudwatch, boards cloudwatch, or rules cloudwatch (default: all that is read for reports)",
    )
    iam.add_argument(
        "--arn",
        action="append",
        default=[],
        help="an EKS cluster, a workspace or a log group, to allow no other, or a role to assume; may be repeated",
    )
    rbac = kinds.add_parser("rbac", help="roles of Kubernetes, as YAML")
    rbac.add_argument(
        "--for",
        dest="purpose",
        choices=(_CLUSTER, _PROMETHEUS),
        help="`gpuyield export cluster`, or finding Prometheus and reading through the API server (default: both)",
    )
    rbac.add_argument("--namespace", default="", metavar="NAME", help="the namespace that Prometheus is in")


def run(arguments: argparse.Namespace) -> int:
    """Prints what was asked for."""
    known = modules()
    if arguments.permissions == "iam":
        found = policy(calls_for(arguments.purpose, known), arguments.arn)
        _print(json.dumps(found.document, indent=2) + "\n", found.notes)
    else:
        roles = roles_for(arguments.purpose, known, arguments.namespace)
        _print(yaml.safe_dump_all(roles.objects, sort_keys=False), roles.notes)
    return 0


def calls_for(purpose: str | None, known: Sequence[Module]) -> list[AwsCall]:
    """The calls of AWS that serve a purpose; all that read where none is named. A verb reads its store with other
    rights, and what a sink sends, a board or an alarm is made of is nobody else's business."""
    calls = aws_calls(known)
    if purpose in _WRITERS:
        return [call for call in calls if is_within(call.owner, _WRITERS[purpose])]
    calls = [call for call in calls if not any(is_within(call.owner, place) for place in _WRITERS.values())]
    if purpose is None:
        return calls
    if purpose == _PROMETHEUS:
        return [call for call in calls if is_within(call.owner, STORE)]
    near = reached(known, f"analyzer.commands.{purpose}")
    return [call for call in calls if call.owner in near and not is_within(call.owner, STORE)]


def roles_for(purpose: str | None, known: Sequence[Module], namespace: str) -> Roles:
    """The roles that serve a purpose; all where none is named."""
    if namespace and purpose == _CLUSTER:
        raise GpuyieldError("--namespace: the collector reads all namespaces; leave it out, or use --for prometheus")
    reads = kubernetes_reads(known)
    parts = []
    if purpose != _PROMETHEUS:
        parts.append(cluster_role(_within(reads, _COLLECTOR)))
    if purpose != _CLUSTER:
        parts.append(prometheus_role(_within(reads, IN_CLUSTER), namespace))
    return Roles(
        tuple(one for part in parts for one in part.objects), tuple(note for part in parts for note in part.notes)
    )


def _within(reads: Iterable[Read], folder: str) -> list[Read]:
    return [read for read in reads if is_within(read.owner, folder)]


def _print(text: str, notes: Iterable[str]) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
    for note in notes:
        print(f"# {note}", file=sys.stderr)

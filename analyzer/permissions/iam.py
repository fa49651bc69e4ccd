"""The smallest IAM policy that lets the calls in the source through."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.permissions.aws_calls import ASSUME_ROLE, AwsCall
from exporters.source import GpuyieldError

_VERSION = "2012-10-17"
_NO_PERMISSION = frozenset({"sts:GetCallerIdentity"})  # nobody can be denied it
# What IAM can narrow an action to; the others exist for "*" only, by AWS's Service Authorization Reference.
_KINDS = {
    "eks:DescribeCluster": "cluster",
    "aps:QueryMetrics": "workspace",
    "aps:GetLabels": "workspace",
    "aps:GetSeries": "workspace",
    "aps:GetMetricMetadata": "workspace",
    "logs:CreateLogGroup": "group",
    "logs:CreateLogStream": "group",
    "logs:PutLogEvents": "group",
    "cloudwatch:GetDashboard": "dashboard",
    "cloudwatch:PutDashboard": "dashboard",
    "cloudwatch:DeleteAlarms": "alarm",
    "cloudwatch:DescribeAlarms": "alarm",
    "cloudwatch:ListTagsForResource": "alarm",
    "cloudwatch:PutCompositeAlarm": "alarm",
    "cloudwatch:PutMetricAlarm": "alarm",
    "cloudwatch:TagResource": "alarm",
    ASSUME_ROLE: "role",
}
_ALL = {
    "cluster": "arn:aws:eks:*:*:cluster/*",
    "workspace": "arn:aws:aps:*:*:workspace/*",
    "group": "arn:aws:logs:*:*:log-group:*",
    "dashboard": "arn:aws:cloudwatch::*:dashboard/*",
    "alarm": "arn:aws:cloudwatch:*:*:alarm:*",
}
_WRITING = ("Put", "Create", "Delete", "Tag")
_WITH_TAGS = {"cloudwatch:PutMetricAlarm": "cloudwatch:TagResource"}  # what a call with tags needs too
_ARN = re.compile(
    r"arn:aws(-[a-z-]+)?:(eks:[a-z0-9-]+:\d{12}:(?P<cluster>cluster)/[\w-]+"
    r"|aps:[a-z0-9-]+:\d{12}:(?P<workspace>workspace)/[\w-]+"
    r"|logs:[a-z0-9-]+:\d{12}:log-(?P<group>group):[\w./#-]+:\*"  # with its streams
    r"|cloudwatch::\d{12}:(?P<dashboard>dashboard)/[\w-]+"
    r"|cloudwatch:[a-z0-9-]+:\d{12}:(?P<alarm>alarm):[\w*-]+"
    r"|iam::\d{12}:(?P<role>role)/[\w+=,.@/-]+)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Ready to print: the document, and what a reader must know of it."""

    document: dict[str, Any]
    notes: tuple[str, ...]


def policy(calls: Iterable[AwsCall], arns: Sequence[str] = ()) -> Policy:
    """`arns`: the clusters, workspaces and roles meant; a role may be assumed only where it is among them."""
    called = {call.action for call in calls}
    actions = sorted((called | {_WITH_TAGS[one] for one in called & _WITH_TAGS.keys()}) - _NO_PERMISSION)
    given = _by_kind(arns)
    _refuse_unused(given, actions)
    grouped: dict[str, list[str]] = defaultdict(list)
    for action in actions:
        if action != ASSUME_ROLE or "role" in given:
            grouped[_sid(action)].append(action)
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": together, "Resource": _resources(together[0], given)}
        for sid, together in grouped.items()
    ]
    return Policy({"Version": _VERSION, "Statement": statements}, tuple(_notes(actions, given)))


def _by_kind(arns: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for arn in arns:
        match = _ARN.fullmatch(arn)
        if match is None:
            raise GpuyieldError(
                f"--arn {arn}: write the ARN of an EKS cluster, of a workspace of Amazon Managed Prometheus, of a log"
                " group (with :* at its end), of a dashboard, of alarms or of a role, as"
                " arn:aws:eks:us-east-1:123456789012:cluster/prod"
            )
        found[next(kind for kind, text in match.groupdict().items() if text)].append(arn)
    return dict(found)


def _refuse_unused(given: dict[str, list[str]], actions: Sequence[str]) -> None:
    for kind in given.keys() - {_KINDS.get(action) for action in actions}:
        raise GpuyieldError(f"--arn {given[kind][0]}: nothing in this policy is about a {kind}; leave it out")


def _sid(action: str) -> str:
    """Statements are by service and by what they can be narrowed to."""
    if action == ASSUME_ROLE:
        return "AssumeRole"
    service, _, name = action.partition(":")
    verb = "Write" if name.startswith(_WRITING) else "Read"
    return f"{verb}{service.capitalize()}{_KINDS.get(action, '').capitalize()}"


def _resources(action: str, given: dict[str, list[str]]) -> str | list[str]:
    kind = _KINDS.get(action)
    if kind is None:
        return "*"
    return sorted(given[kind]) if kind in given else _ALL[kind]


def _notes(actions: Sequence[str], given: dict[str, list[str]]) -> Iterable[str]:
    if wide := [action for action in actions if action not in _KINDS]:
        yield f'Resource "*" is the least that IAM has for {", ".join(wide)}'
    for kind, pattern in _ALL.items():
        if kind not in given and (open_ := [action for action in actions if _KINDS.get(action) == kind]):
            yield f"{', '.join(open_)}: on every {kind}, {pattern}; narrow it with --arn"
    if "cloudwatch:PutMetricData" in actions:
        yield "cloudwatch:PutMetricData can be narrowed by the condition key cloudwatch:namespace"
    if ASSUME_ROLE in actions:
        yield (
            "AssumeRole is for who runs gpuyield --assume-role; what that role reads is for the role itself"
            if "role" in given
            else f"{ASSUME_ROLE} is left out; for --assume-role give the role with --arn"
        )

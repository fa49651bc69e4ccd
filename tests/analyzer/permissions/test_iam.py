"""The policy is one that IAM takes, lets nothing be written but by sinks, and is as narrow as IAM can make it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.commands.permissions import calls_for
from analyzer.permissions.aws_calls import AwsCall
from analyzer.permissions.iam import policy
from analyzer.permissions.source_tree import Module
from exporters.source import GpuyieldError

ROLE = "arn:aws:iam::123456789012:role/team/reader"
CLUSTER = "arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/prod"
WORKSPACE = "arn:aws:aps:eu-west-1:123456789012:workspace/ws-0a1b"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/gpuyield/prod/performance:*"
READING = ("Describe", "Get", "List", "Query")

# The grammar of IAM policies, as much of it as is used here.
GRAMMAR: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Version", "Statement"],
    "properties": {
        "Version": {"const": "2012-10-17"},
        "Statement": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["Sid", "Effect", "Action", "Resource"],
                "properties": {
                    "Sid": {"type": "string", "pattern": "^[A-Za-z0-9]+$"},
                    "Effect": {"const": "Allow"},
                    "Action": {
                        "type": "array",
                        "minItems": 1,
                        "uniqueItems": True,
                        "items": {"type": "string", "pattern": "^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$"},
                    },
                    "Resource": {
                        "oneOf": [
                            {"type": "string", "pattern": r"^(\*|arn:aws:(eks|aps):\*:\*:(cluster|workspace)/\*)$"},
                            {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^arn:[^*?]+$"}},
                        ]
                    },
                },
            },
        },
    },
}


def resources(document: dict[str, Any]) -> dict[str, Any]:
    """By action."""
    return {action: one["Resource"] for one in document["Statement"] for action in one["Action"]}


def valid(document: dict[str, Any]) -> bool:
    jsonschema.validate(document, GRAMMAR)
    sids = [one["Sid"] for one in document["Statement"]]
    return len(sids) == len(set(sids))


@pytest.mark.parametrize("arns", [[], [ROLE], [ROLE, CLUSTER, WORKSPACE]])
def test_nothing_that_writes_is_in_it(own: tuple[Module, ...], arns: list[str]) -> None:
    calls = calls_for(None, own)
    writing = [call for call in calls if not call.action.partition(":")[2].startswith(READING)]
    assert {call.action for call in writing} == {"sts:AssumeRole"}, writing
    document = policy(calls, arns).document
    assert valid(document)
    assert resources(document).get("sts:AssumeRole") == ([ROLE] if arns else None)


def test_arns_leave_a_star_only_where_iam_knows_nothing_narrower(own: tuple[Module, ...]) -> None:
    found = policy(calls_for(None, own), [WORKSPACE, CLUSTER, ROLE])
    told = resources(found.document)
    assert told["eks:DescribeCluster"] == [CLUSTER]
    assert told["aps:QueryMetrics"] == [WORKSPACE]
    stars = sorted(action for action, resource in told.items() if "*" in resource)
    assert found.notes[0] == f'Resource "*" is the least that IAM has for {", ".join(stars)}'
    assert not any("narrow it" in note for note in found.notes)


def test_what_is_left_open_or_out_is_told(own: tuple[Module, ...]) -> None:
    notes = "\n".join(policy(calls_for(None, own)).notes)
    assert "eks:DescribeCluster: on every cluster, arn:aws:eks:*:*:cluster/*; narrow it with --arn" in notes
    assert "sts:AssumeRole is left out; for --assume-role give the role with --arn" in notes


def test_a_sink_may_write_to_its_log_group_and_put_data(own: tuple[Module, ...]) -> None:
    calls = calls_for("cloudwatch", own)
    assert resources(policy(calls).document) == {
        "cloudwatch:PutMetricData": "*",
        "logs:CreateLogGroup": "arn:aws:logs:*:*:log-group:*",
        "logs:CreateLogStream": "arn:aws:logs:*:*:log-group:*",
        "logs:PutLogEvents": "arn:aws:logs:*:*:log-group:*",
    }
    assert resources(policy(calls, [GROUP]).document)["logs:PutLogEvents"] == [GROUP]
    assert any("cloudwatch:namespace" in note for note in policy(calls).notes)


def test_who_one_is_may_be_asked_by_anyone() -> None:
    assert policy([AwsCall("sts:GetCallerIdentity", "a", "a:1")]).document["Statement"] == []


@pytest.mark.parametrize(
    "arn", ["*", "arn:aws:eks:*:*:cluster/*", "arn:aws:s3:::bucket", ROLE + "*", CLUSTER + "\n", ""]
)
def test_an_arn_that_is_none_or_too_wide_is_refused(own: tuple[Module, ...], arn: str) -> None:
    with pytest.raises(GpuyieldError, match="write the ARN of an EKS cluster"):
        policy(calls_for(None, own), [arn])


def test_an_arn_of_no_use_is_refused() -> None:
    with pytest.raises(GpuyieldError, match="nothing in this policy is about a workspace"):
        policy([AwsCall("eks:DescribeCluster", "a", "a:1")], [WORKSPACE])


@given(
    st.lists(st.tuples(st.sampled_from(["ec2", "eks", "aps", "s3"]), st.from_regex("[A-Z][a-z]{1,5}", fullmatch=True)))
)
def test_any_calls_make_a_valid_policy_of_just_these(pairs: list[tuple[str, str]]) -> None:
    calls = [AwsCall(f"{service}:{operation}", "a", "a:1") for service, operation in pairs]
    document = policy(calls).document
    assert valid(document)
    assert set(resources(document)) == {call.action for call in calls}

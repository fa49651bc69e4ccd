"""Every call of AWS is found in the source, or the place that hides it is named."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.permissions.aws_calls import aws_calls
from analyzer.permissions.source_tree import Module, Unresolved
from tests.analyzer.permissions.conftest import Tree

FACTORY = """
    from collections.abc import Callable
    from importlib import import_module
    from typing import Any
    Client = Callable[[str, str], Any]
    def client(service: str, region: str) -> Any:
        boto3 = import_module("boto3")
        return boto3.client(service, region_name=region)
    def ec2_client(region: str) -> Any:
        boto3 = import_module("boto3")
        return boto3.client("ec2", region_name=region)
"""


def actions(known: tuple[Module, ...]) -> set[str]:
    return {call.action for call in aws_calls(known)}


@pytest.mark.parametrize(
    "text",
    [
        'import boto3\nboto3.client("s3").list_buckets()',
        'import boto3\ndef f():\n    s3 = boto3.client("s3", region_name="x")\n    return s3.list_buckets()["Buckets"]',
        'import boto3\nfor page in boto3.client("s3").get_paginator("list_buckets").paginate():\n    print(page)',
        'from analyzer import aws\ndef f(make: aws.Client):\n    return make("s3", "x").list_buckets()',
        'from analyzer.aws import client as c\ndef f():\n    return c("s3", "x").list_buckets()',
        "from analyzer import aws\nclass A:\n    _make: aws.Client\n"
        '    def f(self):\n        return self._make("s3", "x").list_buckets()',
        'import botocore.session\nbotocore.session.get_session().create_client("s3").list_buckets()',
    ],
)
def test_a_new_call_makes_the_policy_grow(tree: Tree, text: str) -> None:
    before = tree(analyzer__aws=FACTORY)
    assert actions(before) == set()
    assert actions(tree(analyzer__more=text)) == {"s3:ListBuckets"}


def test_a_factory_of_one_service_is_followed_into_other_files_and_fields(tree: Tree) -> None:
    known = tree(
        analyzer__aws=FACTORY,
        analyzer__one="from analyzer.aws import ec2_client\nec2_client('x').describe_vpcs()",
        analyzer__two="from analyzer.aws import ec2_client\nclass A:\n    client: object = ec2_client\n"
        "    def f(self):\n        ec2 = self.client('x')\n        return ec2.describe_subnets()",
    )
    assert actions(known) == {"ec2:DescribeVpcs", "ec2:DescribeSubnets"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import boto3\ndef f(name):\n    boto3.client(name).x()", "line 3: the service"),
        ('import boto3\ndef f(op):\n    boto3.client("s3").get_paginator(op)', "line 3: get_paginator"),
        ('import boto3\ndef f():\n    g(boto3.client("s3"))', "line 3: this AWS client goes where"),
        ('import boto3\nclass A:\n    def f(self):\n        self.s3 = boto3.client("s3")', "line 4: this AWS client"),
        ('import boto3\ndef f():\n    s = boto3.client("s3")\n    g(s)', "line 4: this AWS client"),
        ('import boto3\ndef f():\n    s = boto3.client("s3")\n    s = boto3.client("ec2")\n    s.x()', "line 3: s is"),
        ('import boto3\nboto3.resource("s3")', "line 2: boto3.resource"),
        ('import boto3\nboto3.Session().client("s3").x()', "line 2: boto3.Session"),
        ('import boto3\nfrom functools import partial\nmake = partial(boto3.client, "s3")', "line 3: boto3.client"),
        ('class A:\n    def f(self):\n        return self.client("s3", "x")', "line 3: this AWS client"),
        ('from analyzer import aws\ndef f(make: aws.Client):\n    return make("s3", "x")', "line 3: this AWS client"),
        ('import boto3\nf = lambda: boto3.client("s3")', "line 2: this AWS client"),
        ("from boto3 import client", "line 1: write import boto3"),
        ("import boto3 as b", "line 1: write import boto3"),
        ('def f(s3):\n    return s3.get_paginator("list_buckets")', "line 2: what this client is"),
        ("def f(session):\n    g(session.create_client)", "line 2: create_client is handed on"),
    ],
)
def test_what_cannot_be_followed_is_an_error_with_its_place(tree: Tree, text: str, why: str) -> None:
    line, _, told = why.removeprefix("line ").partition(": ")
    with pytest.raises(Unresolved, match=rf"^analyzer/more\.py:{line}: {told}"):
        aws_calls(tree(analyzer__aws=FACTORY, analyzer__more=text))


def test_a_new_path_of_prometheus_must_be_known(tree: Tree) -> None:
    known = tree(analyzer__stores__prometheus__a='A = "/api/v1/metadata"\n')
    assert actions(known) == {"aps:GetMetricMetadata"}
    with pytest.raises(Unresolved, match=r"prometheus/b\.py:1: no action .* for /api/v1/admin/tsdb/snapshot"):
        aws_calls(tree(analyzer__stores__prometheus__b='A = "/api/v1/admin/tsdb/snapshot"\n'))


def test_every_action_is_an_operation_that_botocore_knows(own: tuple[Module, ...]) -> None:
    session: Any = pytest.importorskip("botocore.session").get_session()
    for action in actions(own):
        service, _, operation = action.partition(":")
        if service != "aps":  # the query API of Prometheus is not in the SDK
            assert operation in session.get_service_model(service).operation_names, action

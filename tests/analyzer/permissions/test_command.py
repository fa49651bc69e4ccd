"""`gpuyield permissions` as it is piped into other tools. GPUYIELD_WRITE_GOLDEN=1 writes the golden files anew."""

from __future__ import annotations

import json
import os

import pytest
import yaml

from analyzer.commands.permissions import calls_for
from analyzer.permissions.reach import reached
from analyzer.permissions.source_tree import Module
from tests.analyzer.commands.conftest import Run, run
from tests.analyzer.permissions.conftest import GOLDEN

__all__ = ["run"]  # a fixture here too


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("permissions-iam.json", ("iam",)),
        ("permissions-cluster.yaml", ("rbac", "--for", "cluster")),
        ("permissions-prometheus.yaml", ("rbac", "--for", "prometheus", "--namespace", "monitoring")),
    ],
)
def test_golden_policy(run: Run, name: str, words: tuple[str, ...]) -> None:
    code, out, _ = run("permissions", *words)
    assert code == 0
    if os.environ.get("GPUYIELD_WRITE_GOLDEN"):
        (GOLDEN / name).write_text(out)
    assert out == (GOLDEN / name).read_text()


def test_stdout_is_the_policy_alone_and_stderr_what_to_know_of_it(run: Run) -> None:
    _, out, err = run("permissions", "iam")
    assert json.loads(out)["Version"] == "2012-10-17"
    assert all(line.startswith("# ") for line in err.splitlines())
    assert 'Resource "*" is the least that IAM has for ec2:Describe' in err
    _, out, _ = run("permissions", "rbac")
    assert [one["metadata"]["name"] for one in yaml.safe_load_all(out)] == ["gpuyield-cluster", "gpuyield-prometheus"]


def test_a_purpose_has_less_than_all(own: tuple[Module, ...]) -> None:
    told = {
        purpose: {call.action for call in calls_for(purpose, own)} for purpose in ("advise", "prices", "prometheus")
    }
    assert told["advise"] - told["prices"] == {"ec2:DescribeInstances"}
    assert not told["prometheus"] & told["advise"]
    assert told["prometheus"] | told["advise"] == {call.action for call in calls_for(None, own)}


def test_doctor_may_ask_what_advise_may(own: tuple[Module, ...]) -> None:
    near = reached(own, "analyzer.commands.doctor")
    assert {call.owner for call in calls_for("advise", own)} <= near


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("iam", "--arn", "prod"), "write the ARN of an EKS cluster"),
        (("iam", "--for", "prometheus", "--arn", "arn:aws:eks:x:123456789012:cluster/a"), "nothing in this policy"),
        (("rbac", "--for", "cluster", "--namespace", "a"), "the collector reads all namespaces"),
    ],
)
def test_a_mistake_is_told_in_one_line(run: Run, words: tuple[str, ...], told: str) -> None:
    code, out, err = run("permissions", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err

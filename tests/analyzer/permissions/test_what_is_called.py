"""The policies hold what is really called, as botocore's own hooks and the servers' logs tell, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from analyzer.commands.permissions import calls_for, roles_for
from analyzer.permissions.iam import policy
from analyzer.permissions.source_tree import Module
from analyzer.pricing.ec2_instances import Ec2Instances
from analyzer.stores.prometheus.in_cluster.candidates import Candidate, Product
from analyzer.stores.prometheus.in_cluster.find import NoPrometheus, find_prometheus
from exporters.cluster.collector import ClusterRoster
from exporters.source import SourceError
from gpuyield.__main__ import main
from tests.analyzer.commands.conftest import PERIOD, Run, fleet, real, run
from tests.analyzer.commands.test_origin import Amazon
from tests.analyzer.stores.prometheus.conftest import Ask, Start, client, json_reply, start
from tests.analyzer.stores.prometheus.in_cluster.conftest import FakeApiServer, Kubeconfig, api, kubeconfig
from tests.exporters.cluster.api_double import ApiDouble, World
from tests.exporters.cluster.conftest import wait_for

__all__ = ["api", "client", "fleet", "kubeconfig", "real", "run", "start"]  # fixtures here too

boto3: Any = pytest.importorskip("boto3", reason="AWS needs the extra aws")

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
ANSWERS: dict[str, dict[str, Any]] = {
    "pricing:GetProducts": {"PriceList": []},
    "sts:GetCallerIdentity": {"Account": "123456789012"},
    "ec2:DescribeCapacityReservations": {"CapacityReservations": []},
    "ec2:DescribeSpotPriceHistory": {"SpotPriceHistory": []},
    "ec2:DescribeInstances": {"Reservations": []},
    "eks:DescribeCluster": {"cluster": {"name": "prod", "version": "1.33", "computeConfig": {"enabled": True}}},
    "eks:DescribeClusterVersions": {"clusterVersions": [{"endOfStandardSupportDate": NOW}]},
}
Rule = tuple[str, str, str]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Every operation that any client of boto3 calls; each is answered before it would be sent."""
    made, seen = boto3.client, list[str]()

    def answer(model: Any, **_: Any) -> Any:
        seen.append(f"{model.service_model.service_name}:{model.name}")
        return type("Answer", (), {"status_code": 200}), ANSWERS[seen[-1]]

    def make(*words: Any, **more: Any) -> Any:
        found = made(*words, **more)
        found.meta.events.register("before-call", answer)
        return found

    monkeypatch.setattr(boto3, "client", make)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return seen


def allowed(known: tuple[Module, ...], purpose: str | None) -> set[str]:
    document = policy(calls_for(purpose, known)).document
    return {action for statement in document["Statement"] for action in statement["Action"]}


def test_prices_calls_just_what_its_policy_allows(called: list[str], own: tuple[Module, ...]) -> None:
    words = ["--aws-region", "us-east-1", "--spot", "p5.48xlarge", "--eks-cluster", "prod"]
    assert main(["prices", "refresh", *words]) == 0
    assert set(called) - {"sts:GetCallerIdentity"} == allowed(own, "prices")


def test_advise_calls_just_what_its_policy_allows(
    called: list[str], own: tuple[Module, ...], run: Run, fleet: Path
) -> None:
    asked = ("--ask-aws", "--aws-region", "us-east-1", "--eks-cluster", "prod", "--price-basis", "effective")
    code, _, err = run("advise", "--store", fleet, *PERIOD, *asked)
    assert code == 0, err
    assert set(called) <= allowed(own, "advise") | {"sts:GetCallerIdentity"}
    Ec2Instances()(["aws:///us-east-1a/i-0a"])
    assert main(["prices", "refresh", "--aws-region", "us-east-1", "--spot", "p5.48xlarge"]) == 0
    assert set(called) - {"sts:GetCallerIdentity"} == allowed(own, "advise")


def test_amazon_managed_prometheus_is_asked_just_what_its_policy_allows(
    own: tuple[Module, ...], run: Run, start: Start, real: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    amazon = start(Amazon(real, 86_400))
    for verb in ("advise", "doctor"):
        code, _, err = run(verb, "--prometheus", amazon.url, "--sigv4-region", "eu-west-1", *PERIOD)
        assert code == 0, err
    heads = {asked.path.removeprefix("/api/v1/").partition("/")[0] for asked in amazon.asked}
    actions = {"query": "aps:QueryMetrics", "query_range": "aps:QueryMetrics", "label": "aps:GetLabels"}
    # doctor asks for targets, which Amazon has no action for and refuses: it does without.
    assert {actions[head] for head in heads - {"targets"}} <= allowed(own, "prometheus")


def rule_of(method: str, target: str) -> Rule:
    """Group, resource and verb of a request, as the API server's own rules have it."""
    url = urlsplit(target)
    _, kind, *parts = url.path.split("/")
    group, parts = ("", parts[1:]) if kind == "api" else (parts[0], parts[2:])
    parts = parts[2:] if parts[0] == "namespaces" else parts
    resource, is_one, part = parts[0], len(parts) > 1, parts[2] if len(parts) > 2 else ""
    if part:
        return group, f"{resource}/{part}", {"GET": "get", "POST": "create"}[method]
    if is_one:
        return group, resource, "get"
    return group, resource, "watch" if parse_qs(url.query).get("watch") == ["true"] else "list"


def rules(known: tuple[Module, ...], purpose: str, namespace: str = "") -> set[Rule]:
    return {
        (group, resource, verb)
        for role in roles_for(purpose, known, namespace).objects
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def double() -> Iterator[ApiDouble]:
    found = ApiDouble(World(), b"")
    yield found
    found.stop()


def test_the_collector_asks_just_what_its_role_allows(double: ApiDouble, own: tuple[Module, ...]) -> None:
    roster = ClusterRoster(double.server)
    roster.sources()
    expected = rules(own, "cluster")
    wait_for(lambda: len({rule_of("GET", asked) for asked in list(double.asked)}) >= len(expected))
    roster.close()
    assert {rule_of("GET", asked) for asked in list(double.asked)} == expected


def test_finding_prometheus_and_reading_from_it_asks_just_what_its_role_allows(
    api: FakeApiServer, kubeconfig: Kubeconfig, own: tuple[Module, ...], start: Start, client: Ask
) -> None:
    kubeconfig.write(api.url)
    for may_list in (None, set[str](), {"team"}):
        api.may_list = may_list
        with pytest.raises((NoPrometheus, SourceError)):
            find_prometheus()
    proxy = start(lambda asked: json_reply("{}"))
    server = client(proxy.url + Candidate("monitoring", "prometheus", 9090, "http", Product.PROMETHEUS).proxy_path)
    for query in ("up", "x" * 5000):
        server.post_form("/api/v1/query", [("query", query)])
    asked = {rule_of("GET", path) for path in api.asked} | {rule_of(one.method, one.target) for one in proxy.asked}
    assert asked == rules(own, "prometheus", "monitoring")
    assert {rule_of("GET", path) for path in api.asked} == rules(own, "prometheus")


def test_a_call_that_no_policy_holds_is_noticed(called: list[str], own: tuple[Module, ...]) -> None:
    """The hook hears what the source does not tell."""
    with pytest.raises(KeyError):
        boto3.client("ec2", region_name="us-east-1").describe_vpcs()
    assert not set(called) <= allowed(own, None)

"""The release label of a kube-prometheus-stack, out of what a server says of its targets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.server import Server
from analyzer.stores.prometheus.targets import release_label
from tests.analyzer.stores.prometheus.conftest import Case, Replay, Reply, json_reply

RECORDED = Path(__file__).parents[2] / "recorded" / "targets"
SERVICE = "__meta_kubernetes_service_label_"
STACK = {f"{SERVICE}release": "monitoring", f"{SERVICE}chart": "kube-prometheus-stack-79.5.0"}

ReleaseOf = Callable[[Reply], str]


@pytest.fixture
def release_of() -> Iterator[ReleaseOf]:
    """What is read from a server that gives this reply."""
    running: list[Replay] = []

    def read(reply: Reply) -> str:
        running.append(Replay(lambda asked: reply))
        server = Server(ServerAccess(running[-1].url), sleep=lambda seconds: None)
        try:
            release = release_label(server)
        finally:
            server.close()
        assert {asked.target for asked in running[-1].asked} == {"/api/v1/targets?state=active"}
        return release

    yield read
    for one in running:
        one.close()


def discovered(*labels: dict[str, str]) -> Reply:
    """The recorded answer of a Prometheus, with the labels that Kubernetes discovery adds to its first targets."""
    answer = json.loads((RECORDED / "prom-3.16" / "response.entity").read_bytes())
    for target, more in zip(answer["data"]["activeTargets"], labels, strict=False):
        target["discoveredLabels"] |= more
    return json_reply(json.dumps(answer))


@pytest.mark.parametrize("server", ["prom-3.16", "victoria-metrics"])
def test_servers_outside_kubernetes_name_no_release(release_of: ReleaseOf, server: str) -> None:
    assert release_of(Case(RECORDED / server).reply) == ""


@pytest.mark.parametrize(
    ("labels", "release"),
    [
        ([STACK], "monitoring"),
        ([{f"{SERVICE}release": "redis"}, {f"{SERVICE}release": "redis"}, STACK], "monitoring"),
        ([{f"{SERVICE}release": "b"}, {f"{SERVICE}release": "a"}, {f"{SERVICE}release": "b"}], "b"),
        ([{"__meta_kubernetes_pod_label_release": "pods"}], "pods"),
        ([{f"{SERVICE}release": ""}], ""),
        ([{f"{SERVICE}release": 'a"\n{{'} | {f"{SERVICE}chart": "kube-prometheus-stack-1"}], 'a"\n{{'),
    ],
)
def test_the_release_is_that_of_the_stacks_own_targets(
    release_of: ReleaseOf, labels: list[dict[str, str]], release: str
) -> None:
    assert release_of(discovered(*labels)) == release


@pytest.mark.parametrize(
    "reply",
    [
        json_reply('{"status":"error"}', "404 Not Found"),
        json_reply('{"status":"success","data":{"activeTargets":null}}'),
        json_reply('{"status":"success","data":[]}'),
        json_reply("<html>"),
    ],
    ids=["no such page", "null", "another shape", "no JSON"],
)
def test_a_server_that_does_not_tell_names_no_release(release_of: ReleaseOf, reply: Reply) -> None:
    assert release_of(reply) == ""

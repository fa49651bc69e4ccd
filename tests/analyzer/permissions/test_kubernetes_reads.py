"""Every resource of Kubernetes that the source reads is found, with the verb that reads it."""

from __future__ import annotations

import pytest

from analyzer.permissions.kubernetes_reads import kubernetes_reads
from analyzer.permissions.source_tree import Module, Unresolved
from tests.analyzer.permissions.conftest import Tree

KINDS = "from exporters.cluster.resource import Resource\n"


def told(known: tuple[Module, ...]) -> set[tuple[str, str, str]]:
    return {(read.group, read.resource, read.verb) for read in kubernetes_reads(known)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            KINDS + 'A = Resource("jobs", "/apis/batch/v1/jobs", X, keep)',
            {("batch", "jobs", v) for v in ("list", "watch")},
        ),
        ('A = "/api/v1/pods?limit=1"', {("", "pods", "list")}),
        ('def f(ns):\n    return f"/api/v1/namespaces/{ns}/pods"', {("", "pods", "list")}),
        ('def f(place):\n    return f"/api/v1/{place}services?resourceVersion=0"', {("", "services", "list")}),
        (
            'def f(ns, n):\n    return f"/apis/apps/v1/namespaces/{ns}/deployments/{n}"',
            {("apps", "deployments", "get")},
        ),
        ('def f(ns, n):\n    return f"/api/v1/namespaces/{ns}/pods/{n}/log"', {("", "pods/log", "get")}),
        ('A = "/metrics"', set()),
    ],
)
def test_a_new_path_makes_the_role_grow(tree: Tree, text: str, expected: set[tuple[str, str, str]]) -> None:
    assert told(tree(exporters__more=text)) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('def f(kind):\n    return f"/api/v1/{kind}"', 2),
        ('BASE = "/apis/"', 1),
        (KINDS + 'def f(path):\n    return Resource("jobs", path, X, keep)', 3),
    ],
)
def test_a_path_that_hides_its_resource_is_an_error_with_its_place(tree: Tree, text: str, line: int) -> None:
    with pytest.raises(Unresolved, match=rf"^exporters/more\.py:{line}: "):
        kubernetes_reads(tree(exporters__more=text))


def test_the_proxys_verbs_follow_the_methods_that_prometheus_is_asked_with(tree: Tree) -> None:
    path = 'def f(n):\n    return f"/api/v1/namespaces/{n}/services/{n}/proxy"'
    proxied = {"analyzer__stores__prometheus__in_cluster__a": path}
    known = tree(**proxied, analyzer__stores__prometheus__server='METHOD = "GET"')
    assert told(known) == {("", "services/proxy", "get")}
    known = tree(analyzer__stores__prometheus__server='METHODS = ("GET", "DELETE")')
    assert told(known) == {("", "services/proxy", "get"), ("", "services/proxy", "delete")}


def test_paths_of_prometheus_are_not_taken_for_kubernetes(tree: Tree) -> None:
    assert told(tree(analyzer__stores__prometheus__a='A = "/api/v1/query"')) == set()


def test_what_plays_the_api_server_asks_for_nothing(tree: Tree) -> None:
    assert told(tree(exporters__simulation__api='A = "/api/v1/secrets"')) == set()


def test_nothing_is_written_and_post_goes_through_the_proxy_only(own: tuple[Module, ...]) -> None:
    others = {(group, resource, verb) for group, resource, verb in told(own) if verb not in ("get", "list", "watch")}
    assert others == {("", "services/proxy", "create")}

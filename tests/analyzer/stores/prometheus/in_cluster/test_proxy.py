"""When the API server does not pass a question on: what to do, ready to copy."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from analyzer.stores.prometheus.errors import Refused, Transient, Unauthorised
from analyzer.stores.prometheus.in_cluster.candidates import Candidate, Product
from analyzer.stores.prometheus.in_cluster.proxy import least_rbac, port_forward, proxy_refusal
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.in_cluster.conftest import status

CANDIDATE = Candidate("monitoring", "prometheus-operated", 9090, "http", Product.PROMETHEUS)
FORBIDDEN = (
    'services "http:prometheus-operated:9090" is forbidden: User "alice" cannot get resource "services/proxy" '
    'in API group "" in the namespace "monitoring"'
)


def body(code: int, message: str) -> bytes:
    return json.dumps(status(code, "", message)).encode()


def test_least_rights_name_the_service_as_the_proxys_path_does() -> None:
    """RBAC compares resourceNames with the part of the URL, scheme and port included; POST is the verb create."""
    find, read = yaml.safe_load_all(least_rbac(CANDIDATE))
    assert find["rules"] == [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}]
    assert (read["kind"], read["metadata"]["namespace"]) == ("Role", "monitoring")
    assert read["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["services/proxy"],
            "verbs": ["get", "create"],
            "resourceNames": ["http:prometheus-operated:9090"],
        }
    ]
    assert f"/services/{read['rules'][0]['resourceNames'][0]}/proxy" in CANDIDATE.proxy_path


def test_a_forbidden_proxy_comes_with_both_ways_on() -> None:
    error = proxy_refusal(CANDIDATE, 403, body(403, FORBIDDEN))
    assert isinstance(error, Unauthorised)
    assert 'cannot get resource "services/proxy"' in str(error)
    assert "kubectl -n monitoring port-forward svc/prometheus-operated 9090:9090\n" in str(error)
    assert "gpuyield advise --prometheus http://127.0.0.1:9090\n" in str(error)
    assert str(error).endswith(least_rbac(CANDIDATE))


def test_the_port_forward_leads_to_the_same_port_and_prefix() -> None:
    mimir = Candidate("mimir", "query-frontend", 8080, "http", Product.MIMIR)
    forward, advise = map(shlex.split, port_forward(mimir).splitlines())
    assert forward[-2:] == ["svc/query-frontend", "9090:8080"]
    assert advise[-1] == "http://127.0.0.1:9090/prometheus"


@pytest.mark.parametrize(
    ("code", "message", "kind", "expected"),
    [
        (401, "Unauthorized", Unauthorised, "sign in as for kubectl"),
        (503, 'no endpoints available for service "http:prometheus-operated:9090"', Transient, "no ready pod"),
        (500, "error trying to reach service: dial tcp 10.0.0.7:9090", Transient, "10.0.0.7"),
        (404, 'services "prometheus-operated" not found', Refused, "does not reach prometheus-operated in monitoring"),
    ],
)
def test_what_the_api_server_says_itself_is_told_apart(
    code: int, message: str, kind: type[SourceFailed], expected: str
) -> None:
    error = proxy_refusal(CANDIDATE, code, body(code, message))
    assert isinstance(error, kind)
    assert expected in str(error)


@pytest.mark.parametrize(
    "answer", [b'{"status":"error","errorType":"bad_data","error":"1:1: parse error"}', b"", b"{}", b"\xff"]
)
def test_what_prometheus_says_is_left_to_its_own_reader(answer: bytes) -> None:
    assert proxy_refusal(CANDIDATE, 422, answer) is None


def test_a_guard_in_front_of_prometheus_needs_another_way() -> None:
    error = proxy_refusal(CANDIDATE, 401, b"Unauthorized")
    assert isinstance(error, Unauthorised)
    assert "does not pass on" in str(error)
    assert "port-forward svc/prometheus-operated" in str(error)


@pytest.mark.parametrize(
    ("exchange", "code", "kind", "said"),
    [
        ("11-sa-forbidden-list-nodes", 403, Unauthorised, 'User "system:serviceaccount:default:reader" cannot list'),
        ("14-bad-token", 401, Unauthorised, "wants new credentials"),
        ("18-missing-object", 404, Refused, '"no-such-pool" not found'),
    ],
)
def test_refusals_of_a_real_api_server_are_understood(
    recording: Callable[[str], Path], exchange: str, code: int, kind: type[SourceFailed], said: str
) -> None:
    raw = (recording("karpenter-1.14.1-kwok") / "http" / f"{exchange}.raw").read_bytes()
    head, _, answer = raw.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {code} ".encode())
    error = proxy_refusal(CANDIDATE, code, answer)
    assert isinstance(error, kind)
    assert said in str(error)

"""What it means when the API server does not pass a question on to Prometheus, and what to ask for."""

from __future__ import annotations

import yaml

from analyzer.stores.prometheus.errors import Refused, Transient, Unauthorised
from analyzer.stores.prometheus.in_cluster.ask import Status
from analyzer.stores.prometheus.in_cluster.candidates import Candidate
from exporters.source import SourceFailed


def proxy_refusal(candidate: Candidate, status: int, body: bytes) -> SourceFailed | None:
    """The error for an answer through the proxy; None where Prometheus itself gave it."""
    own = Status.of(body)
    if own is None:
        return _asks_for_more(candidate, status) if status in (401, 403) else None
    said = own.message[:300]
    match status:
        case 401:
            return Unauthorised("the Kubernetes API server wants new credentials: sign in as for kubectl", status)
        case 403:
            return Unauthorised(_forbidden(candidate, said), status)
        case 429 | 500 | 502 | 503 | 504:
            return Transient(f"no ready pod of {candidate} answers the Kubernetes API server ({said})")
        case _:
            return Refused(f"the Kubernetes API server does not reach {candidate} ({said})", status)


def port_forward(candidate: Candidate) -> str:
    """The way around the proxy, in two lines to copy."""
    return (
        f"  kubectl -n {candidate.namespace} port-forward svc/{candidate.service} 9090:{candidate.port}\n"
        f"  gpuyield advise --prometheus {candidate.scheme}://127.0.0.1:9090{candidate.api_prefix}"
    )


def least_rbac(candidate: Candidate) -> str:
    """Two objects as YAML that let their subject find this Service and read from it, and nothing else.

    Reading takes `create` too: the verb follows the HTTP method, and Prometheus' remote read is a POST. The name is
    the one in the proxy's URL, with scheme and port. The role stands in the Service's namespace and reaches no other.
    """
    find = [_rule("services", ["get", "list"])]
    read = [_rule("services/proxy", ["get", "create"]) | {"resourceNames": [candidate.proxied_name]}]
    return yaml.safe_dump_all(
        [
            _role("ClusterRole", {"name": "gpuyield-find-prometheus"}, find),
            _role("Role", {"name": "gpuyield-read-prometheus", "namespace": candidate.namespace}, read),
        ],
        sort_keys=False,
    )


def _rule(resource: str, verbs: list[str]) -> dict[str, list[str]]:
    return {"apiGroups": [""], "resources": [resource], "verbs": verbs}


def _role(kind: str, metadata: dict[str, str], rules: list[dict[str, list[str]]]) -> dict[str, object]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules}


def _forbidden(candidate: Candidate, said: str) -> str:
    return (
        f"the Kubernetes API server does not let this user reach {candidate} through its proxy ({said}). Either\n"
        f"{port_forward(candidate)}\n"
        "or have these two applied and bound to the user (kubectl create clusterrolebinding, rolebinding):\n"
        f"{least_rbac(candidate)}"
    )


def _asks_for_more(candidate: Candidate, status: int) -> Unauthorised:
    return Unauthorised(
        f"{candidate} wants credentials of its own (status {status}), which the Kubernetes API server does not pass "
        f"on; go around it\n{port_forward(candidate)}\nwith the header that it asks for",
        status,
    )

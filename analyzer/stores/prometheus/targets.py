"""What a Prometheus says of how it finds its targets."""

from __future__ import annotations

from collections import Counter

import msgspec

from analyzer.stores.prometheus.server import Server
from exporters.source import SourceFailed

_RELEASE = ("__meta_kubernetes_service_label_release", "__meta_kubernetes_pod_label_release")
# Other Helm charts label their services with a release too; the stack's own also name its chart.
_CHART, _STACK = "__meta_kubernetes_service_label_chart", "kube-prometheus-stack"


class _Target(msgspec.Struct):
    discoveredLabels: dict[str, str] = {}  # noqa: N815 - the server's spelling


class _Data(msgspec.Struct):
    activeTargets: list[_Target] = []  # noqa: N815


class _Answer(msgspec.Struct):
    data: _Data


def release_label(server: Server) -> str:
    """The Helm release by which a kube-prometheus-stack picks its monitors: the label that its own targets carry.
    Empty where none does, or where the server does not tell."""
    try:
        answer = msgspec.json.decode(server.get("/api/v1/targets", (("state", "active"),)), type=_Answer)
    except (SourceFailed, msgspec.DecodeError):
        return ""
    labels = [target.discoveredLabels for target in answer.data.activeTargets]
    stack = [one for one in labels if one.get(_CHART, "").startswith(_STACK)]
    found = Counter(release for one in stack or labels for key in _RELEASE if (release := one.get(key)))
    return max(sorted(found), key=lambda release: found[release], default="")

"""What a Prometheus says of how it finds its targets."""

from __future__ import annotations

import msgspec

from analyzer.stores.prometheus.server import Server
from exporters.source import SourceFailed

_RELEASE = ("__meta_kubernetes_service_label_release", "__meta_kubernetes_pod_label_release")


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
    found: dict[str, int] = {}
    for target in answer.data.activeTargets:
        release = next((target.discoveredLabels[label] for label in _RELEASE if label in target.discoveredLabels), "")
        if release:
            found[release] = found.get(release, 0) + 1
    return max(found, key=lambda release: found[release], default="")

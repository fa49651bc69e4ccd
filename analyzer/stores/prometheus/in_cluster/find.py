"""Asks the API server for Services that look like a Prometheus, and says how a client reaches one of them."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpx2

from analyzer.stores.prometheus.in_cluster.ask import INSTEAD, Asker, Forbidden, asking
from analyzer.stores.prometheus.in_cluster.candidates import USUAL_NAMES, Candidate, candidates
from analyzer.stores.prometheus.in_cluster.service import Service
from exporters.kubernetes.kubeconfig import ApiServer, ClusterError, api_server

_USUAL_NAMESPACES = (
    "monitoring",
    "prometheus",
    "observability",
    "kube-prometheus-stack",
    "victoria-metrics",
    "default",
)


class NoPrometheus(ClusterError):
    """The cluster answered, and no Service of it looks like a Prometheus."""


@dataclass(frozen=True, slots=True)
class KubernetesAccess:
    """What an HTTP client needs; `tls` is None for plain HTTP. Redirects must not be followed: `auth` may be a token.

    `base_url` is what `/api/v1/query` is appended to.
    """

    base_url: str
    tls: ssl.SSLContext | None = field(repr=False)
    auth: httpx2.Auth | None = field(repr=False)
    description: str


@dataclass(frozen=True, slots=True)
class Found:
    """At least one candidate, best guess first. Which one answers and has the data is for the caller to ask."""

    server: ApiServer
    candidates: tuple[Candidate, ...]

    def access(self, candidate: Candidate) -> KubernetesAccess:
        """How to reach a candidate."""
        base_url = self.server.url + candidate.proxy_path + candidate.api_prefix
        description = f"{candidate}, through the Kubernetes API server"
        return KubernetesAccess(base_url, self.server.tls, self.server.auth, description)


def find_prometheus(context: str | None = None, timeout_seconds: float = 10.0) -> Found:
    """Looks in the cluster of a kubeconfig context, by default the current one; only ever reads.

    Raises `ClusterError` where no cluster is configured or it has no Prometheus, `SourceFailed` where it does not
    answer, `Unauthorised` where it will not say.
    """
    server = _server(context)
    with asking(server, timeout_seconds) as ask:
        try:
            services, where = ask.services(), "in all namespaces"
        except Forbidden:
            namespaces = list(dict.fromkeys((server.namespace, *_USUAL_NAMESPACES)))
            services = _readable(ask, namespaces)
            where = f"in {', '.join(namespaces)} (others may not be listed)"
    if found := candidates(services):
        return Found(server, found)
    raise NoPrometheus(
        f"no Prometheus in {server}: looked {where} for Services labelled or named as Prometheus, Thanos Query, Mimir "
        f"or VictoriaMetrics, and of {len(services)} that could be read none is one; give --prometheus URL"
    )


def _server(context: str | None) -> ApiServer:
    try:
        return api_server(context)
    except ClusterError as error:
        raise ClusterError(f"no Prometheus was named, and to look for one: {error}; {INSTEAD}") from None


def _readable(ask: Asker, namespaces: Iterable[str]) -> tuple[Service, ...]:
    """What may be read where the whole cluster may not be listed. Raises `Forbidden` where that is nothing at all."""
    services: list[Service] = []
    refusals: list[Forbidden] = []
    is_any = False
    for namespace in namespaces:
        try:
            services.extend(ask.services(namespace))
            is_any = True
        except Forbidden as refusal:
            refusals.append(refusal)
            services.extend(_by_name(ask, namespace))
    if not services and not is_any:
        raise refusals[0]
    return tuple(services)


def _by_name(ask: Asker, namespace: str) -> Iterator[Service]:
    """A role may allow a few names where it allows no listing."""
    for name in USUAL_NAMES:
        with suppress(Forbidden):
            service = ask.service(namespace, name)
            if service is not None:
                yield service

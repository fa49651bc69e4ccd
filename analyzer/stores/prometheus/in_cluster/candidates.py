"""Which Services of a cluster look like a Prometheus, best first; whether one holds the data only asking it tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from analyzer.stores.prometheus.in_cluster.service import Port, Service

USUAL_NAMES = (
    "thanos-query",
    "victoria-metrics-single-server",
    "vmsingle",
    "prometheus-k8s",
    "prometheus-server",
    "kube-prometheus-stack-prometheus",
    "prometheus",
    "prometheus-operated",
)


class Product(StrEnum):
    """What a Service seems to be. Earlier ones tend to hold more clusters and a longer time."""

    THANOS = "Thanos Query"
    MIMIR = "Mimir"
    VICTORIA_METRICS_CLUSTER = "VictoriaMetrics cluster"
    VICTORIA_METRICS = "VictoriaMetrics"
    PROMETHEUS = "Prometheus"


_PREFIXES = {Product.MIMIR: "/prometheus", Product.VICTORIA_METRICS_CLUSTER: "/select/0/prometheus"}
_NAMES = {
    Product.THANOS: {"thanos-query", "thanos-querier", "thanos-query-frontend"},
    Product.MIMIR: {"mimir-query-frontend", "cortex-query-frontend"},
    Product.VICTORIA_METRICS_CLUSTER: {"vmselect"},
    Product.VICTORIA_METRICS: {"victoria-metrics-single", "victoria-metrics-single-server", "vmsingle"},
    # The operator's charts call themselves in `app`, and name the server by it.
    Product.PROMETHEUS: {
        "prometheus",
        "prometheus-k8s",
        "prometheus-operated",
        "prometheus-server",
        "kube-prometheus-stack-prometheus",
        "prometheus-operator-prometheus",
    },
}
# Charts that give all their parts one name and tell them apart by component.
_COMPONENTS = {
    ("thanos", "query"): Product.THANOS,
    ("thanos", "querier"): Product.THANOS,
    ("thanos", "query-layer"): Product.THANOS,
    ("thanos", "query-frontend"): Product.THANOS,
    ("mimir", "query-frontend"): Product.MIMIR,
    ("cortex", "query-frontend"): Product.MIMIR,
}
_OTHERS = (
    "alertmanager",
    "exporter",
    "pushgateway",
    "operator",
    "kube-state-metrics",
    "adapter",
    "thanos-sidecar",
    "thanos-discovery",
    "thanos-external",
)
_PORT_NAMES = ("http-web", "web", "https-web", "http", "https", "http-query", "http-metrics", "prometheus", "api")
_PORTS = (9090, 8428, 8429, 8481, 10902, 9091, 8080, 80, 443)
_OTHER_PORTS = ("grpc", "reloader", "tenancy", "gossip")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Service that may be what is looked for; `product_hint` is a guess from its labels."""

    namespace: str
    service: str
    port: int
    scheme: str
    product_hint: Product

    @property
    def proxied_name(self) -> str:
        """The name in the proxy's URL; permissions are checked against this and not the Service's own name."""
        return f"{self.scheme}:{self.service}:{self.port}"

    @property
    def proxy_path(self) -> str:
        """Where the API server passes requests on to the root of the Service."""
        return f"/api/v1/namespaces/{self.namespace}/services/{self.proxied_name}/proxy"

    @property
    def api_prefix(self) -> str:
        """What stands before /api/v1 in this product's own paths."""
        return _PREFIXES.get(self.product_hint, "")

    def __str__(self) -> str:
        return f"{self.service} in {self.namespace}"


def candidates(services: Iterable[Service]) -> tuple[Candidate, ...]:
    """Best first: stores of many clusters, then single servers; of two Services for the same pods the first."""
    found: list[tuple[Service, Candidate]] = []
    for service in services:
        found.extend((service, candidate) for candidate in _candidate(service))
    seen: set[object] = set()
    best: list[Candidate] = []
    for service, candidate in sorted(found, key=lambda pair: _rank(*pair)):
        pods = (service.metadata.namespace, frozenset(service.spec.selector.items()) or service.metadata.name)
        if pods not in seen:
            best.append(candidate)
        seen.add(pods)
    return tuple(best)


def _rank(service: Service, candidate: Candidate) -> tuple[int, bool, bool, str, str]:
    # A frontend splits queries over time and has no raw reads; a headless Service may stand for several servers.
    is_frontend = candidate.product_hint is Product.THANOS and candidate.service.endswith("frontend")
    order = list(Product).index(candidate.product_hint)
    return order, is_frontend, service.spec.cluster_ip == "None", candidate.namespace, candidate.service


def _candidate(service: Service) -> Iterator[Candidate]:
    product, port = _product(service), _port(service.spec.ports)
    if product is not None and port is not None and service.spec.type != "ExternalName":
        scheme = "https" if port.is_tls or service.has_openshift_certificate else "http"
        yield Candidate(service.metadata.namespace, service.metadata.name, port.port, scheme, product)


def _product(service: Service) -> Product | None:
    own = {service.metadata.name, *service.names(service.metadata.labels)}
    parts = service.components
    if any(name.endswith(_OTHERS) for name in own | parts):
        return None
    names = own | service.names(service.spec.selector)
    for product in Product:
        by_part = any(_COMPONENTS.get((name, part)) is product for name in names for part in parts)
        if by_part or names & _NAMES[product] or (product.name == "VICTORIA_METRICS_CLUSTER" and "vmselect" in parts):
            return product
    return Product.PROMETHEUS if service.metadata.labels.get("operated-prometheus") == "true" else None


def _port(ports: Iterable[Port]) -> Port | None:
    """The port of the HTTP API: by name, else by number, else the only one."""
    fit = [port for port in ports if port.protocol == "TCP" and not port.name.startswith(_OTHER_PORTS)]
    by_name = [port for name in _PORT_NAMES for port in fit if port.name == name]
    by_number = [port for number in _PORTS for port in fit if port.port == number]
    return next(iter([*by_name, *by_number, *(fit if len(fit) == 1 else [])]), None)

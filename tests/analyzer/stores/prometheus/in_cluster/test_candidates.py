"""From labels and ports of Services to where the API server should pass questions on."""

from __future__ import annotations

import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.in_cluster.candidates import Candidate, Product, candidates
from analyzer.stores.prometheus.in_cluster.service import Service, ServiceList
from tests.analyzer.stores.prometheus.in_cluster.conftest import service

HELM = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "kps", "release": "kps"}
STACK = {**HELM, "app.kubernetes.io/part-of": "kube-prometheus-stack"}
OPERATED = {"app.kubernetes.io/name": "prometheus", "managed-by": "prometheus-operator"}
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"

# As `helm install kps kube-prometheus-stack` makes them, Thanos sidecar included.
KUBE_PROMETHEUS_STACK = [
    service("default", "kubernetes", {"component": "apiserver", "provider": "kubernetes"}, {"https": 443}, {}),
    service("kube-system", "kube-dns", {"k8s-app": "kube-dns"}, {"dns-tcp": 53, "metrics": 9153}),
    service(
        "kube-system",
        "kps-kube-prometheus-stack-coredns",
        {**STACK, "app": "kube-prometheus-stack-coredns"},
        {"http-metrics": 9153},
        {"k8s-app": "kube-dns"},
    ),
    service(
        "monitoring",
        "alertmanager-operated",
        {"managed-by": "prometheus-operator", "operated-alertmanager": "true"},
        {"http-web": 9093, "tcp-mesh": 9094},
        {NAME: "alertmanager"},
        clusterIP="None",
    ),
    service(
        "monitoring",
        "kps-kube-prometheus-stack-alertmanager",
        {**STACK, "app": "kube-prometheus-stack-alertmanager", "self-monitor": "true"},
        {"http-web": 9093, "reloader-web": 8080},
        {NAME: "alertmanager", "alertmanager": "kps-kube-prometheus-stack-alertmanager"},
    ),
    service(
        "monitoring",
        "kps-kube-prometheus-stack-operator",
        {**STACK, "app": "kube-prometheus-stack-operator", NAME: "kube-prometheus-stack-prometheus-operator"},
        {"https": 443},
        {"app": "kube-prometheus-stack-operator", "release": "kps"},
    ),
    service(
        "monitoring",
        "kps-kube-prometheus-stack-thanos-discovery",
        {**STACK, "app": "kube-prometheus-stack-thanos-discovery"},
        {"grpc": 10901, "http": 10902},
        {NAME: "prometheus", "operator.prometheus.io/name": "kps-kube-prometheus-stack-prometheus"},
        clusterIP="None",
    ),
    service("monitoring", "kps-kube-state-metrics", {**HELM, NAME: "kube-state-metrics"}, {"http": 8080}),
    service("monitoring", "kps-prometheus-node-exporter", {NAME: "prometheus-node-exporter"}, {"http-metrics": 9100}),
    service("monitoring", "kps-grafana", {**HELM, NAME: "grafana"}, {"http-web": 80}),
    service(
        "monitoring",
        "prometheus-operated",
        {"managed-by": "prometheus-operator", "operated-prometheus": "true"},
        {"http-web": 9090, "grpc": 10901},
        OPERATED,
        clusterIP="None",
    ),
    service(
        "monitoring",
        "kps-kube-prometheus-stack-prometheus",
        {**STACK, "app": "kube-prometheus-stack-prometheus", "self-monitor": "true"},
        {"reloader-web": 8080, "http-web": 9090},
        {NAME: "prometheus", "operator.prometheus.io/name": "kps-kube-prometheus-stack-prometheus"},
    ),
]


def best(*services: dict[str, Any]) -> list[Candidate]:
    return list(candidates(msgspec.convert({"items": services}, ServiceList).items))


def test_kube_prometheus_stack_gives_its_prometheus_and_nothing_beside_it() -> None:
    """Not Alertmanager, the operator, the exporters, Grafana or the sidecar."""
    assert [str(candidate) for candidate in best(*KUBE_PROMETHEUS_STACK)] == [
        "kps-kube-prometheus-stack-prometheus in monitoring",
        "prometheus-operated in monitoring",
    ]


def test_the_path_leads_through_the_proxy_to_the_web_port() -> None:
    first = best(*KUBE_PROMETHEUS_STACK)[0]
    assert first.proxy_path == (
        "/api/v1/namespaces/monitoring/services/http:kps-kube-prometheus-stack-prometheus:9090/proxy"
    )
    assert (first.product_hint, first.api_prefix) == (Product.PROMETHEUS, "")


def test_a_release_that_is_called_operator_hides_no_prometheus() -> None:
    labels = {**STACK, "app": "kube-prometheus-stack-prometheus"}
    found = best(service("m", "prometheus-operator-kube-p-prometheus", labels, {"http-web": 9090}))
    assert [candidate.service for candidate in found] == ["prometheus-operator-kube-p-prometheus"]


@pytest.mark.parametrize(
    ("name", "labels", "ports", "expected"),
    [
        ("x-prometheus-server", {NAME: "prometheus", COMPONENT: "server"}, {"http": 80}, ("http", 80, "")),
        ("p-server", {"app": "prometheus", "component": "server"}, {"http": 80}, ("http", 80, "")),
        ("prometheus-k8s", {NAME: "prometheus", COMPONENT: "prometheus"}, {"web": 9090}, ("http", 9090, "")),
        ("x-thanos-query", {NAME: "thanos", COMPONENT: "query"}, {"http": 9090}, ("http", 9090, "")),
        ("q", {NAME: "thanos-query", COMPONENT: "query-layer"}, {"grpc": 10901, "http": 10902}, ("http", 10902, "")),
        ("vm", {NAME: "victoria-metrics-single", "app": "server"}, {"http": 8428}, ("http", 8428, "")),
        ("vmsingle-main", {NAME: "vmsingle"}, {"http": 8429}, ("http", 8429, "")),
        (
            "s",
            {NAME: "victoria-metrics-cluster", "app": "vmselect"},
            {"http": 8481},
            ("http", 8481, "/select/0/prometheus"),
        ),
        (
            "x-mimir-query-frontend",
            {NAME: "mimir", COMPONENT: "query-frontend"},
            {"http-metrics": 8080, "grpc": 9095},
            ("http", 8080, "/prometheus"),
        ),
        ("prometheus", {}, {"anything": 9999}, ("http", 9999, "")),
        ("prometheus", {NAME: "prometheus"}, {"https": 9090}, ("https", 9090, "")),
    ],
)
def test_each_known_product_is_found_with_port_and_prefix(
    name: str, labels: dict[str, str], ports: dict[str, int], expected: tuple[str, int, str]
) -> None:
    found = best(service("obs", name, labels, ports))
    assert [(each.scheme, each.port, each.api_prefix) for each in found] == [expected]


@pytest.mark.parametrize(
    ("name", "labels", "ports"),
    [
        ("x-prometheus-pushgateway", {NAME: "prometheus-pushgateway"}, {"http": 9091}),
        ("p-alertmanager", {"app": "prometheus", "component": "alertmanager"}, {"http": 80}),
        ("p-node-exporter", {"app": "prometheus", "component": "node-exporter"}, {"metrics": 9100}),
        ("prometheus-k8s-thanos-sidecar", {NAME: "prometheus", COMPONENT: "thanos-sidecar"}, {"http": 10902}),
        ("prometheus-adapter", {NAME: "prometheus-adapter"}, {"https": 443}),
        ("blackbox", {NAME: "prometheus-blackbox-exporter"}, {"http": 9115}),
        ("x-thanos-storegateway", {NAME: "thanos", COMPONENT: "storegateway"}, {"http": 9090}),
        ("x-thanos-query-grpc", {NAME: "thanos", COMPONENT: "query"}, {"grpc": 10901}),
        ("vminsert", {NAME: "victoria-metrics-cluster", "app": "vminsert"}, {"http": 8480}),
        ("vmagent", {NAME: "victoria-metrics-agent"}, {"http": 8429}),
        ("prometheus", {"team": "web"}, {}),
    ],
)
def test_what_only_belongs_to_a_monitoring_stack_is_left_out(
    name: str, labels: dict[str, str], ports: dict[str, int]
) -> None:
    assert best(service("obs", name, labels, ports)) == []


def test_stores_of_many_clusters_come_before_a_single_prometheus() -> None:
    found = best(
        *KUBE_PROMETHEUS_STACK,
        service("vm", "vm", {NAME: "victoria-metrics-single"}, {"http": 8428}),
        service("thanos", "thanos-query-frontend", {NAME: "thanos", COMPONENT: "query-frontend"}, {"http": 9090}),
        service("thanos", "thanos-query", {NAME: "thanos", COMPONENT: "query"}, {"http": 9090}),
    )
    assert [each.service for each in found[:4]] == [
        "thanos-query",
        "thanos-query-frontend",
        "vm",
        "kps-kube-prometheus-stack-prometheus",
    ]


def test_two_services_for_the_same_pods_are_one_candidate() -> None:
    labels = {NAME: "mimir", COMPONENT: "query-frontend"}
    found = best(
        service("m", "a-query-frontend-headless", labels, {"http-metrics": 8080}, clusterIP="None"),
        service("m", "b-query-frontend", labels, {"http-metrics": 8080}),
    )
    assert [each.service for each in found] == ["b-query-frontend"]


def test_a_service_that_points_out_of_the_cluster_cannot_be_reached_through_it() -> None:
    assert best(service("m", "prometheus", {NAME: "prometheus"}, {"web": 9090}, type="ExternalName")) == []


def test_openshift_serves_tls_on_ports_that_are_not_named_for_it() -> None:
    querier = service("openshift-monitoring", "thanos-querier", {NAME: "thanos-query"}, {"web": 9091, "tenancy": 9092})
    querier["metadata"]["annotations"] = {"service.beta.openshift.io/serving-cert-secret-name": "thanos-querier-tls"}
    assert best(querier)[0].proxied_name == "https:thanos-querier:9091"


words = st.text(string.ascii_lowercase + "-", min_size=1, max_size=12)
names = words | st.sampled_from(["prometheus", "thanos", "query", "vmselect", "alertmanager", "operator"])
keys = st.sampled_from([NAME, COMPONENT, "app", "component", "operated-prometheus", "x"])
services = st.builds(
    service, names, names, st.dictionaries(keys, names), st.dictionaries(names, st.integers(1, 65535), max_size=3)
)


@given(st.lists(services, max_size=6))
def test_the_order_of_the_listing_changes_nothing(listed: list[dict[str, Any]]) -> None:
    """And every candidate is a Service of the list with one of its own ports."""
    unique = list({(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in listed}.values())
    found = best(*unique)
    assert best(*reversed(unique)) == found
    known = {
        (each.metadata.namespace, each.metadata.name, port.port)
        for each in msgspec.convert(unique, list[Service])
        for port in each.spec.ports
    }
    assert {(each.namespace, each.service, each.port) for each in found} <= known

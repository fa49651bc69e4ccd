"""A Kubernetes Service, as much of it as tells what stands behind it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

_NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "name")
_COMPONENT_LABELS = ("app.kubernetes.io/component", "component", "app")
_TLS_PORTS = (443, 8443)
_OPENSHIFT_CERTIFICATE = ("service.beta.openshift.io/serving-cert-secret-name",)


class Port(msgspec.Struct, frozen=True, rename="camel"):
    """One port; a Service with a single one need not name it."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    app_protocol: str = ""

    @property
    def is_tls(self) -> bool:
        """As far as its declaration tells."""
        says = self.app_protocol.lower() == "https" or "https" in self.name or self.name.endswith("tls")
        return says or self.port in _TLS_PORTS


class Metadata(msgspec.Struct, frozen=True):
    """Who it is."""

    name: str
    namespace: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Spec(msgspec.Struct, frozen=True):
    """Where it leads. `cluster_ip` is the text "None" where it is headless."""

    ports: tuple[Port, ...] = ()
    selector: dict[str, str] = {}
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(name="clusterIP", default="")


class Service(msgspec.Struct, frozen=True):
    """The parts of a Service that are looked at."""

    metadata: Metadata
    spec: Spec

    def names(self, labels: Mapping[str, str]) -> set[str]:
        """What the labels call the program."""
        return {labels[label] for label in _NAME_LABELS if label in labels}

    @property
    def components(self) -> set[str]:
        """What the labels call the part of the program."""
        both = (self.metadata.labels, self.spec.selector)
        return {labels[label] for labels in both for label in _COMPONENT_LABELS if label in labels}

    @property
    def has_openshift_certificate(self) -> bool:
        """OpenShift gives its certificates to Services by an annotation; those servers speak TLS on all ports."""
        return any(name in self.metadata.annotations for name in _OPENSHIFT_CERTIFICATE)


class ServiceList(msgspec.Struct, frozen=True):
    """The API server's answer to a listing."""

    items: tuple[Service, ...] = ()

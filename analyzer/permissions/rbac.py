"""The smallest roles of Kubernetes that let the reads in the source through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from analyzer.permissions.kubernetes_reads import PROXY, Read


@dataclass(frozen=True, slots=True)
class Roles:
    """Ready to print: the objects, and what a reader must know of them."""

    objects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def cluster_role(reads: Iterable[Read]) -> Roles:
    """For the collector, which lists across all namespaces."""
    return Roles((_role("ClusterRole", {"name": "gpuyield-cluster"}, reads),), ())


def prometheus_role(reads: Iterable[Read], namespace: str = "") -> Roles:
    """To find Prometheus and read from it through the API server; without a namespace, to find it only."""
    found = list(reads)
    if namespace:
        about = {"name": "gpuyield-prometheus", "namespace": namespace}
        return Roles((_role("Role", about, found),), tuple(_said_of_proxy(found)))
    finding = [read for read in found if read.resource != PROXY]
    note = f"{PROXY} is left out, since it would open every Service: give --namespace, the one that Prometheus is in"
    return Roles((_role("ClusterRole", {"name": "gpuyield-prometheus"}, finding),), (note,))


def _said_of_proxy(reads: Iterable[Read]) -> Iterator[str]:
    if any(read.resource == PROXY and read.verb == "create" for read in reads):
        yield (
            f"`create` on {PROXY} lets POST through, which long queries and remote read are; an error of"
            " `gpuyield advise` names the one Service that was found, for resourceNames"
        )


def _role(kind: str, about: dict[str, str], reads: Iterable[Read]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": about,
        "rules": list(_rules(reads)),
    }


def _rules(reads: Iterable[Read]) -> Iterator[dict[str, list[str]]]:
    """One for each group and set of verbs."""
    verbs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for read in reads:
        verbs[read.group, read.resource].add(read.verb)
    together: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), allowed in sorted(verbs.items()):
        together[group, tuple(sorted(allowed))].append(resource)
    for (group, allowed_verbs), resources in together.items():
        yield {"apiGroups": [group], "resources": resources, "verbs": list(allowed_verbs)}

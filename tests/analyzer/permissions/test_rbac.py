"""Roles are objects that Kubernetes takes, and no wider than what is read."""

from __future__ import annotations

from typing import Any

import jsonschema

from analyzer.permissions.kubernetes_reads import Read
from analyzer.permissions.rbac import cluster_role, prometheus_role

ROLE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind", "metadata", "rules"],
    "properties": {
        "apiVersion": {"const": "rbac.authorization.k8s.io/v1"},
        "kind": {"enum": ["ClusterRole", "Role"]},
        "metadata": {
            "required": ["name"],
            "additionalProperties": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"},
        },
        "rules": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["apiGroups", "resources", "verbs"],
                "properties": {
                    "apiGroups": {"type": "array", "minItems": 1, "items": {"pattern": "^[a-z0-9.-]*$"}},
                    "resources": {"type": "array", "minItems": 1, "items": {"pattern": "^[a-z0-9]+(/[a-z]+)?$"}},
                    "verbs": {"type": "array", "minItems": 1, "items": {"enum": ["get", "list", "watch", "create"]}},
                },
            },
        },
    },
}


def read(group: str, resource: str, verb: str) -> Read:
    return Read(group, resource, verb, "a", "a:1")


PROMETHEUS = [
    read("", "services", "list"),
    read("", "services", "get"),
    read("", "services/proxy", "get"),
    read("", "services/proxy", "create"),
]


def test_rules_are_by_group_and_verbs() -> None:
    reads = [read("", one, verb) for one in ("pods", "nodes") for verb in ("list", "watch")]
    (role,) = cluster_role([*reads, read("", "secrets", "get"), read("apps", "replicasets", "list")]).objects
    jsonschema.validate(role, ROLE)
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]},
    ]


def test_without_a_namespace_no_service_is_opened() -> None:
    found = prometheus_role(PROMETHEUS)
    (role,) = found.objects
    jsonschema.validate(role, ROLE)
    assert (role["kind"], role["rules"]) == (
        "ClusterRole",
        [{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}],
    )
    assert "give --namespace" in found.notes[0]


def test_with_a_namespace_the_role_reaches_no_other() -> None:
    found = prometheus_role(PROMETHEUS, "monitoring")
    (role,) = found.objects
    jsonschema.validate(role, ROLE)
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "monitoring")
    assert role["rules"][1] == {"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["create", "get"]}
    assert "lets POST through" in found.notes[0]

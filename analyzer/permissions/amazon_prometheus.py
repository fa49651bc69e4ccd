"""What is asked of Prometheus, as the actions that IAM knows where it is Amazon's: one for each kind of path."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from analyzer.permissions.source_tree import Module, Unresolved, texts

STORE = "analyzer.stores.prometheus"
IN_CLUSTER = f"{STORE}.in_cluster"
_API = "/api/v1/"
# None: Amazon Managed Prometheus has no such thing; where it is asked all the same, the refusal is lived with.
_ACTIONS = {
    "query": "aps:QueryMetrics",
    "query_range": "aps:QueryMetrics",
    "label/{}/values": "aps:GetLabels",
    "labels": "aps:GetLabels",
    "series": "aps:GetSeries",
    "metadata": "aps:GetMetricMetadata",
    "read": None,
    "export": None,
    "stores": None,
    "targets": None,
    "status/buildinfo": None,
}


def is_within(name: str, folder: str) -> bool:
    """Both dotted."""
    return f"{name}.".startswith(f"{folder}.")


def asks_prometheus(module: Module) -> bool:
    """Its paths look like those of Kubernetes, which has an /api/v1 too."""
    return is_within(module.name, STORE) and not is_within(module.name, IN_CLUSTER)


def prometheus_actions(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Where each is asked for. Raises `Unresolved` for a path that nothing is known of."""
    if not asks_prometheus(module):
        return
    for node, text in texts(module):
        if text.startswith(_API):
            path = text.removeprefix(_API)
            if path not in _ACTIONS:
                raise Unresolved(module, node, f"no action of Amazon Managed Prometheus is known for {text}")
            if action := _ACTIONS[path]:
                yield node, action

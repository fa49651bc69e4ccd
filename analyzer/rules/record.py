"""The recording rules: dollars per hour of nodes, of those who hold them, of what is free, and of what does nothing.

They know no Ready pods, no engines and no good tokens, and one price for each type whatever was paid: the ledger of
`gpuyield publish` is the exact one. All of them carry `price_basis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, series, total
from analyzer.rules.constants import Constant
from exporters.canonical import device, nodes, pods

GROUP = "gpuyield-constant-prices"
_RESOURCES = (("resource", "nvidia_com_gpu|nvidia_com_gpu_shared|nvidia_com_mig_.+|aws_amazon_com_neuron.*"),)
_IDLE_LINE = 0.01
_PRICE = "gpuyield:instance_type_dollars_per_hour"
_NODE = "gpuyield:node_dollars_per_hour"
_HELD = "gpuyield:held_dollars_per_hour"
_KEPT = "instance_type, price_basis"


def groups(prices: Sequence[Constant], cluster: str = "cluster") -> dict[str, Any]:
    """A rule file's content. `cluster` is the label that tells clusters apart; where no series has it, nothing is
    lost."""
    rules = [
        *({"record": _PRICE, "expr": f"vector({one.dollars_per_hour!r})", "labels": _labels(one)} for one in prices),
        {"record": _NODE, "expr": _node(cluster)},
        {"record": _HELD, "expr": _held(cluster)},
        {"record": "gpuyield:free_dollars_per_hour", "expr": _free(cluster)},
        {"record": "gpuyield:inactive_dollars_per_hour", "expr": _inactive(cluster)},
    ]
    return {"groups": [{"name": GROUP, "interval": "1m", "rules": rules}]}


def prometheus_rule(content: dict[str, Any]) -> dict[str, Any]:
    """The same as an object of the Prometheus operator."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": GROUP, "labels": {"app.kubernetes.io/name": "gpuyield"}},
        "spec": content,
    }


def _labels(one: Constant) -> dict[str, str]:
    return {"instance_type": one.instance_type, "price_basis": one.basis}


def _node(cluster: str) -> str:
    """Every node whose type has a price. Some names tell the fact in their labels and something else as their value."""
    shape = Read(nodes.node_shape_info, combine="group", where=(("instance_type", ".+"),))
    nodes_by_type = series(shape, Scope(), (cluster, "node", "instance_type"))
    return f"{nodes_by_type} * on (instance_type) group_left (price_basis) {_PRICE}"


def _held(cluster: str) -> str:
    """A pod's share of its node is what it asks for of what the node has; finished pods hold nothing. MIG slices of a
    node count alike, whatever their size."""
    asked = series(Read(pods.requested, where=_RESOURCES), Scope(), (cluster, "namespace", "pod", "node", "resource"))
    there = series(Read(nodes.capacity, combine="max", where=_RESOURCES), Scope(), (cluster, "node", "resource"))
    alive = series(
        Read(pods.phase, combine="max", where=(("phase", "Pending|Running"),)), Scope(), (cluster, "namespace", "pod")
    )
    return (
        f"sum by ({cluster}, namespace, {_KEPT}) (({_with_unit(asked)}"
        f" / on ({cluster}, node, unit) group_left () (sum by ({cluster}, node, unit) ({_with_unit(there)}) > 0)"
        f" and on ({cluster}, namespace, pod) ({alive} == 1)"
        f") * on ({cluster}, node) group_left ({_KEPT}) {_NODE})"
    )


def _with_unit(promql: str) -> str:
    """With the label `unit`: GPUs, their replicas and their slices are one, so that a node's sum to one. A Neuron node
    tells each device in two or three units at once, and a pod asks in one of them."""
    named = f'label_replace({promql}, "unit", "$1", "resource", "(.+)")'
    return f'label_replace({named}, "unit", "nvidia", "resource", "nvidia_.+")'


def _free(cluster: str) -> str:
    """What is paid and held by nobody."""
    by = f"by ({cluster}, {_KEPT})"
    return f"sum {by} ({_NODE}) - (sum {by} ({_HELD}) or sum {by} ({_NODE}) * 0)"


def _inactive(cluster: str) -> str:
    """Of devices, held or free, on which hardly a kernel ran in five minutes; of those that tell."""
    busy = total(
        Read(device.busy_ratio, "avg_over_time", combine="max"), Scope(), (cluster, "node", "uuid"), combine="max"
    )
    return (
        f"sum by ({cluster}, {_KEPT}) (avg by ({cluster}, node) ({busy} <= bool {_IDLE_LINE})"
        f" * on ({cluster}, node) group_left ({_KEPT}) {_NODE})"
    )

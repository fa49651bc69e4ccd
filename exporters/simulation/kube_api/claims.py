"""NodeClaims and NodePools of the simulated fleet: what Karpenter bought, and how far each machine has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from exporters.simulation.kube_api.kind import CLAIMS, POOLS
from exporters.simulation.kube_api.labels import AUTO_MODE_POOL, accelerators, bought_labels
from exporters.simulation.kube_api.metadata import Json, managed, metadata, owner, stamp, uid
from exporters.simulation.kube_api.nodes import node_claim, quantities
from exporters.simulation.kube_api.thing import Thing, thing
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Node

_ASKED_SECONDS = 3.0  # from the claim to the launch
_REGISTERED_SECONDS = 1.0


def claim_thing(node: Node, seed: int) -> Thing:
    """Launched when the node begins to cost."""
    life = Span(node.created - _ASKED_SECONDS, node.gone)
    steps = _steps(node).values()
    return thing(CLAIMS, node_claim(node), life, (*steps, node.cordoned), partial(claim_object, node, seed))


def claim_object(node: Node, seed: int, at: float) -> Json:
    about = metadata(
        node_claim(node),
        uid(seed, "claim", node.name),
        node.created - _ASKED_SECONDS,
        deleted=node.cordoned if at >= node.cordoned else FOREVER,
        generateName=f"{node.pool}-",
        labels=bought_labels(node, seed),
        ownerReferences=[owner("karpenter.sh/v1", "NodePool", node.pool, uid(seed, "pool", node.pool), False)],
        finalizers=["karpenter.sh/termination"],
    )
    spec = {"expireAfter": "720h", "nodeClassRef": _class_of(node.pool), "requirements": []}
    return managed({"metadata": about, "spec": spec, "status": _status(node, at)}, "karpenter", at)


def pool_thing(pool: str, nodes: Sequence[Node], seed: int) -> Thing:
    created = min(node.created for node in nodes) - _ASKED_SECONDS
    show = partial(pool_object, pool, sum(node.machine.cards for node in nodes), seed, created)
    return thing(POOLS, pool, Span(created, FOREVER), (), show)


def pool_object(pool: str, cards: int, seed: int, created: float, at: float) -> Json:
    about = metadata(pool, uid(seed, "pool", pool), created)
    template = {"metadata": {"labels": {}}, "spec": {"expireAfter": "720h", "nodeClassRef": _class_of(pool)}}
    disruption = {"consolidateAfter": "30s", "consolidationPolicy": "WhenEmptyOrUnderutilized"}
    limits = {"cpu": "1000", **({"nvidia.com/gpu": str(cards)} if cards else {})}
    spec = {"disruption": disruption, "limits": limits, "template": template}
    return managed({"metadata": about, "spec": spec, "status": {"conditions": []}}, "karpenter", at)


def _status(node: Node, at: float) -> Json:
    offered = accelerators(node)
    steps = _steps(node)
    found = {
        "capacity": quantities(node, offered, is_allocatable=False),
        "allocatable": quantities(node, offered, is_allocatable=True),
        "conditions": [_condition(step, edge, node.created - _ASKED_SECONDS, at) for step, edge in steps.items()],
    }
    if at >= steps["Launched"]:
        found["providerID"] = node.provider_id
    if at >= steps["Registered"]:
        found["nodeName"] = node.name
    return found


def _steps(node: Node) -> dict[str, float]:
    return {
        "Launched": node.created,
        "Registered": node.created + _REGISTERED_SECONDS,
        "Initialized": math.ceil(node.allocatable),  # not before, though the API keeps whole seconds
    }


def _condition(step: str, edge: float, begun: float, at: float) -> Json:
    is_done = at >= edge
    return {
        "type": step,
        "status": "True" if is_done else "Unknown",
        "lastTransitionTime": stamp(edge if is_done else begun),
        "observedGeneration": 1,
        "reason": step if is_done else "AwaitingReconciliation",
        "message": "",
    }


def _class_of(pool: str) -> Json:
    if pool == AUTO_MODE_POOL:
        return {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "default"}
    return {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}

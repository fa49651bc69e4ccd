"""The life of a node: what was bought, when it was launched, came up and went, and in which phase it is."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from msgspec.structs import replace

from exporters.cluster.objects import Image, Metadata, Node, NodeClaim, condition, only, since, unix
from exporters.cluster.resources import has_accelerators, is_accelerator

INSTANCE_TYPE = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type")
CAPACITY_TYPE = (
    "karpenter.sh/capacity-type",
    "eks.amazonaws.com/capacityType",
    "eks.amazonaws.com/capacity-type",
)
NODEPOOL = ("karpenter.sh/nodepool", "eks.amazonaws.com/nodegroup")
REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
# Karpenter that one runs oneself, EKS Auto Mode, and NVIDIA's own discovery; of Neuron only the first two.
ACCELERATORS = (
    "nvidia.com/gpu.count",
    "karpenter.k8s.aws/instance-gpu-count",
    "eks.amazonaws.com/instance-gpu-count",
    "karpenter.k8s.aws/instance-accelerator-count",
    "eks.amazonaws.com/instance-accelerator-count",
)
MODEL = (
    "nvidia.com/gpu.product",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
    "karpenter.k8s.aws/instance-accelerator-name",
    "eks.amazonaws.com/instance-accelerator-name",
)
REPLICAS = ("nvidia.com/gpu.replicas",)
RESERVATION = ("karpenter.k8s.aws/capacity-reservation-id",)
COMPUTE_TYPE = ("eks.amazonaws.com/compute-type",)
_ACCELERATED_TYPE = re.compile(r"(g|gr|p|inf|trn)\d", re.ASCII)
_FIRST_WORD_SECONDS = 60.0
_INITIALIZED = "karpenter.sh/initialized"
_KEPT_LABELS = frozenset(
    key
    for keys in (
        *(INSTANCE_TYPE, CAPACITY_TYPE, NODEPOOL, REGION, ZONE, ACCELERATORS, MODEL, REPLICAS),
        *(RESERVATION, COMPUTE_TYPE, (_INITIALIZED,)),
    )
    for key in keys
)
# What Karpenter's node repair and the node monitoring agent of EKS look at.
_HEALTH = ("AcceleratedHardwareReady", "StorageReady", "NetworkingReady", "KernelReady", "ContainerRuntimeReady")
_DRAIN_TAINTS = frozenset(
    {
        "karpenter.sh/disrupted",
        "ToBeDeletedByClusterAutoscaler",
        "aws-node-termination-handler/spot-itn",
        "aws-node-termination-handler/scheduled-maintenance",
        "aws-node-termination-handler/asg-lifecycle-termination",
        "aws-node-termination-handler/rebalance-recommendation",
    }
)


class Phase(StrEnum):
    """Of a node."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class NodeLife:
    """Of what a NodeClaim bought. Times are unix seconds, None where it has not come to that, or nobody knows when.

    `gone` is when the end was heard of; all others are the API server's word, in whole seconds.
    """

    uid: str
    nodeclaim: str
    node: str
    provider_id: str
    nodepool: str
    instance_type: str
    zone: str
    capacity_type: str
    reservation: str
    created: float | None
    launched: float | None
    registered: float | None
    initialized: float | None
    deletion_requested: float | None
    gone: float | None = None


def life_of(claim: NodeClaim) -> NodeLife:
    """Its words are shared with all others that are the same."""
    about, status = claim.metadata, claim.status
    return NodeLife(
        uid=about.uid,
        nodeclaim=about.name,
        node=status.node_name,
        provider_id=status.provider_id,
        nodepool=sys.intern(about.label(*NODEPOOL)),
        instance_type=sys.intern(about.label(*INSTANCE_TYPE)),
        zone=sys.intern(about.label(*ZONE)),
        capacity_type=sys.intern(about.label(*CAPACITY_TYPE)),
        reservation=sys.intern(about.label(*RESERVATION)),
        created=about.created,
        launched=since(status.conditions, "Launched"),
        registered=since(status.conditions, "Registered"),
        initialized=since(status.conditions, "Initialized"),
        deletion_requested=unix(about.deletion_timestamp),
    )


def is_accelerated_type(instance_type: str) -> bool:
    """Whether its family is one of those with accelerators, known to any table or not."""
    return _ACCELERATED_TYPE.match(instance_type) is not None


def is_accelerated(node: Node) -> bool:
    """Whether it has accelerators, by what it promises, what it shows, or its type.

    An instance with a part of a GPU promises none, and shows one only where a device plugin runs on it.
    """
    is_of_type = is_accelerated_type(node.metadata.label(*INSTANCE_TYPE))
    is_promised = bool(node.metadata.label(*ACCELERATORS))
    return is_of_type or is_promised or any(map(is_accelerator, node.status.capacity or {}))


def is_up(node: Node) -> bool:
    """Whether it is Ready with what was promised; a node of Karpenter also without the taints of its start."""
    if since(node.status.conditions, "Ready") is None:
        return False
    if node.metadata.label("karpenter.sh/nodepool"):
        return is_initialized(node)
    return not node.metadata.label(*ACCELERATORS) or has_accelerators(node.status.allocatable or {})


def is_initialized(node: Node) -> bool:
    """Whether Karpenter says that it was up once."""
    return node.metadata.label(_INITIALIZED) == "true"


def phase_of(node: Node, was_up: bool, is_leaving: bool = False) -> Phase:
    """The first that holds: unhealthy, draining, ready, starting.

    `was_up`: it was seen Ready with its accelerators; `is_leaving`: its NodeClaim is being deleted.
    """
    conditions = node.status.conditions
    was_up = was_up or is_initialized(node) or _has_turned(node)
    is_ready = since(conditions, "Ready") is not None
    reported = [found for kind in _HEALTH if (found := condition(conditions, kind)) is not None]
    if was_up and (not is_ready or any(one.status == "False" for one in reported)):
        return Phase.UNHEALTHY
    taints = {taint.key for taint in node.spec.taints or ()}
    is_leaving = is_leaving or node.metadata.deletion_timestamp is not None
    if is_leaving or node.spec.unschedulable or taints & _DRAIN_TAINTS:
        return Phase.DRAINING
    return Phase.READY if was_up or is_up(node) else Phase.STARTING


def _has_turned(node: Node) -> bool:
    """Whether it fell from Ready before anybody looked: a new node says that it is not Ready as soon as it is made."""
    ready = condition(node.status.conditions, "Ready")
    turned = None if ready is None or ready.status == "True" else unix(ready.last_transition_time)
    return turned is not None and turned - (node.metadata.created or turned) > _FIRST_WORD_SECONDS


def keep_node(node: Node) -> Node:
    """Without what is not asked for: of five thousand nodes each byte counts."""
    is_asked = is_accelerated(node)
    status = replace(
        node.status,
        capacity=node.status.capacity if is_asked else None,
        allocatable=node.status.allocatable if is_asked else None,
        conditions=only(node.status.conditions, "Ready", *_HEALTH),
        images=tuple(map(_same, node.status.images or ())) if is_asked else None,
    )
    return replace(node, metadata=lean(node.metadata), status=status)


def lean(about: Metadata, keys: frozenset[str] = _KEPT_LABELS) -> Metadata:
    """Labels that are read, their values shared with all others that are the same."""
    labels = {key: sys.intern(value) for key, value in (about.labels or {}).items() if key in keys}
    return replace(about, labels=labels)


@lru_cache(maxsize=10_000)
def _same(image: Image) -> Image:
    """One object for all nodes that have this image."""
    return image

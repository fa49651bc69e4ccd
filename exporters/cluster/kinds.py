"""The kinds of object that the collector follows."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from exporters.cluster.node_life import NodeLife, keep_node, lean, life_of
from exporters.cluster.objects import Bare, EC2NodeClass, Event, Node, NodeClaim, NodePool, Pod
from exporters.cluster.pod_life import keep_pod
from exporters.cluster.pulled import SELECTOR, Pulled, pulled
from exporters.cluster.resource import Resource


@dataclass(frozen=True, slots=True)
class Owned:
    """A ReplicaSet and who made it."""

    namespace: str
    name: str
    owner_kind: str
    owner_name: str


def _owned(found: Bare) -> Owned | None:
    about, owner = found.metadata, found.metadata.controller
    if owner is None:
        return None
    return Owned(sys.intern(about.namespace), about.name, sys.intern(owner.kind), sys.intern(owner.name))


def _keep_pool(pool: NodePool) -> NodePool:
    return NodePool(lean(pool.metadata), pool.spec)


def _keep_class(found: EC2NodeClass) -> EC2NodeClass:
    return EC2NodeClass(lean(found.metadata), found.status)


NODES: Resource[Node] = Resource("nodes", "/api/v1/nodes", Node, keep_node)
CLAIMS: Resource[NodeLife] = Resource("nodeclaims", "/apis/karpenter.sh/v1/nodeclaims", NodeClaim, life_of)
POOLS: Resource[NodePool] = Resource("nodepools", "/apis/karpenter.sh/v1/nodepools", NodePool, _keep_pool)
CLASSES: Resource[EC2NodeClass] = Resource(
    "ec2nodeclasses", "/apis/karpenter.k8s.aws/v1/ec2nodeclasses", EC2NodeClass, _keep_class
)
PODS: Resource[Pod] = Resource("pods", "/api/v1/pods", Pod, keep_pod)
REPLICASETS: Resource[Owned] = Resource("replicasets", "/apis/apps/v1/replicasets", Bare, _owned, is_metadata_only=True)
EVENTS: Resource[Pulled] = Resource("events", "/api/v1/events", Event, pulled, SELECTOR)

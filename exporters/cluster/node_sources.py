"""What the collector tells of nodes and of what buys them: a source for each kind of object.

What may not be read, or is not there, costs the samples of its kind only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from exporters.canonical import nodes
from exporters.cluster.firsts import NodeFirsts, PodFirsts
from exporters.cluster.mirror import Mirror
from exporters.cluster.node_life import NodeLife
from exporters.cluster.node_samples import NodeFacts, claim_samples, node_samples
from exporters.cluster.objects import EC2NodeClass, Node, NodePool
from exporters.cluster.resources import numbers
from exporters.cluster.told import Told
from exporters.metric import Metric, Sample

Clock = Callable[[], float]


class NodeSource:
    """What nodes are, how they do and how they came up; without NodeClaims it knows less of their start."""

    metrics: tuple[Metric, ...] = (
        *(nodes.node_info, nodes.node_shape_info, nodes.created_seconds, nodes.ready, nodes.unschedulable),
        *(nodes.taint, nodes.phase, nodes.capacity, nodes.allocatable, nodes.start_seconds, nodes.gone_seconds),
    )

    def __init__(
        self,
        mirror: Mirror[Node],
        claims: Mirror[NodeLife],
        firsts: tuple[NodeFirsts, PodFirsts],
        clock: Clock = time.time,
    ) -> None:
        self._mirror = mirror
        self._claims = claims
        self._of_nodes, self._of_pods = firsts
        self._clock = clock
        self._told = Told(node_samples)

    def read(self) -> list[Sample]:
        found = self._mirror.objects()
        self._of_pods.forget_nodes_but({node.metadata.name for node in found.values()})
        lives = {life.node: life for life in self._claims.known().values()}
        facts = {uid: self._facts(node, lives.get(node.metadata.name)) for uid, node in found.items()}
        now = self._clock()
        return [*self._told.samples(facts, now), *self._gone(now)]

    def _facts(self, node: Node, life: NodeLife | None) -> NodeFacts:
        uid = node.metadata.uid
        return NodeFacts(
            node,
            life,
            self._of_nodes.was_up(uid),
            self._of_nodes.devices(uid),
            self._of_pods.on_node(node.metadata.name),
        )

    def _gone(self, now: float) -> Iterator[Sample]:
        """Of nodes that no NodeClaim stands for: its own end is the later and the better one."""
        for at, node in self._mirror.gone():
            if not any(owner.kind == "NodeClaim" for owner in node.metadata.owner_references or ()):
                yield nodes.gone_seconds.sample(at, now, node=node.metadata.name, nodeclaim="")


class ClaimSource:
    """What Karpenter buys, from the launch on, which is when it begins to cost."""

    metrics: tuple[Metric, ...] = (nodes.claim_info, nodes.launched_seconds, nodes.gone_seconds)

    def __init__(self, mirror: Mirror[NodeLife], clock: Clock = time.time) -> None:
        self._mirror = mirror
        self._clock = clock
        self._told = Told(claim_samples)

    def read(self) -> list[Sample]:
        gone = {life.uid: replace(life, gone=at) for at, life in self._mirror.gone()}
        return self._told.samples({**self._mirror.objects(), **gone}, self._clock())


class PoolSource:
    """How NodePools are set."""

    metrics: tuple[Metric, ...] = (nodes.nodepool_info, nodes.nodepool_limit)

    def __init__(self, mirror: Mirror[NodePool], clock: Clock = time.time) -> None:
        self._mirror = mirror
        self._clock = clock

    def read(self) -> list[Sample]:
        now = self._clock()
        return [sample for pool in self._mirror.objects().values() for sample in _of_pool(pool, now)]


def _of_pool(pool: NodePool, now: float) -> Iterator[Sample]:
    name, spec = pool.metadata.name, pool.spec
    yield nodes.nodepool_info.sample(
        1,
        now,
        nodepool=name,
        node_class_kind=spec.template.spec.node_class_ref.kind,
        node_class=spec.template.spec.node_class_ref.name,
        consolidation_policy=spec.disruption.consolidation_policy,
        consolidate_after=spec.disruption.consolidate_after,
    )
    for resource, number in numbers(spec.limits or {}):
        yield nodes.nodepool_limit.sample(number, now, nodepool=name, resource=resource)


class NodeClassSource:
    """The capacity reservations that EC2NodeClasses have found."""

    metrics: tuple[Metric, ...] = (nodes.reservation_info,)

    def __init__(self, mirror: Mirror[EC2NodeClass], clock: Clock = time.time) -> None:
        self._mirror = mirror
        self._clock = clock

    def read(self) -> list[Sample]:
        now = self._clock()
        return [
            nodes.reservation_info.sample(
                1,
                now,
                reservation=one.id,
                node_class=found.metadata.name,
                instance_type=one.instance_type,
                zone=one.availability_zone,
                kind=one.reservation_type,
                state=one.state,
            )
            for found in self._mirror.objects().values()
            for one in found.status.capacity_reservations or ()
        ]

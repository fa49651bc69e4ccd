"""What is told of a node and of a NodeClaim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporters.canonical import nodes
from exporters.cluster import node_life
from exporters.cluster.node_life import NodeLife, is_accelerated, phase_of
from exporters.cluster.objects import Node, condition
from exporters.cluster.resources import numbers
from exporters.metric import Sample


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """`life` is None where the node has no NodeClaim, or these cannot be read; times are unix seconds."""

    node: Node
    life: NodeLife | None
    was_up: bool
    devices: float | None
    first_pod: float | None


def node_samples(facts: NodeFacts) -> Iterator[Sample]:
    """Their time is for the caller to set. Of a node without accelerators: what it is, and whether it runs."""
    node, name = facts.node, facts.node.metadata.name
    yield nodes.node_info.sample(1, 0, node=name, provider_id=node.spec.provider_id, internal_ip=_internal_ip(node))
    yield _shape(node)
    if (created := node.metadata.created) is not None:
        yield nodes.created_seconds.sample(created, 0, node=name)
    if (ready := condition(node.status.conditions, "Ready")) is not None:
        yield nodes.ready.sample(ready.status == "True", 0, node=name)
    is_leaving = facts.life is not None and facts.life.deletion_requested is not None
    yield nodes.phase.sample(1, 0, node=name, phase=phase_of(node, facts.was_up, is_leaving))
    if is_accelerated(node):
        yield from _offers(node)
        yield from _start(facts)


def _internal_ip(node: Node) -> str:
    return next((one.address for one in node.status.addresses or () if one.type == "InternalIP"), "")


def _shape(node: Node) -> Sample:
    label = node.metadata.label
    return nodes.node_shape_info.sample(
        1,
        0,
        node=node.metadata.name,
        instance_type=label(*node_life.INSTANCE_TYPE),
        capacity_type=label(*node_life.CAPACITY_TYPE),
        nodepool=label(*node_life.NODEPOOL),
        region=label(*node_life.REGION),
        zone=label(*node_life.ZONE),
        accelerators=label(*node_life.ACCELERATORS),
        replicas=label(*node_life.REPLICAS),
        accelerator_model=label(*node_life.MODEL),
        reservation=label(*node_life.RESERVATION),
        compute_type=label(*node_life.COMPUTE_TYPE),
    )


def _offers(node: Node) -> Iterator[Sample]:
    name = node.metadata.name
    yield nodes.unschedulable.sample(node.spec.unschedulable, 0, node=name)
    for key, effect in sorted({(taint.key, taint.effect) for taint in node.spec.taints or ()}):
        yield nodes.taint.sample(1, 0, node=name, key=key, effect=effect)
    for resource, number in numbers(node.status.capacity or {}):
        yield nodes.capacity.sample(number, 0, node=name, resource=resource)
    for resource, number in numbers(node.status.allocatable or {}):
        yield nodes.allocatable.sample(number, 0, node=name, resource=resource)


def _start(facts: NodeFacts) -> Iterator[Sample]:
    life, created = facts.life, facts.node.metadata.created
    steps = {"devices": facts.devices, "first_pod": facts.first_pod}
    if life is not None:
        steps |= {"launched": life.launched, "registered": life.registered, "initialized": life.initialized}
        steps["created"] = created
    began = created if life is None else life.created
    for step, at in steps.items():
        if at is not None and began is not None and at >= began:
            yield nodes.start_seconds.sample(at - began, 0, node=facts.node.metadata.name, step=step)


def claim_samples(life: NodeLife) -> Iterator[Sample]:
    """Their time is for the caller to set. One that is gone has its end only."""
    place = {"node": life.node, "nodeclaim": life.nodeclaim}
    if life.gone is not None:
        yield nodes.gone_seconds.sample(life.gone, 0, **place)
        return
    yield nodes.claim_info.sample(
        1,
        0,
        **place,
        provider_id=life.provider_id,
        nodepool=life.nodepool,
        instance_type=life.instance_type,
        capacity_type=life.capacity_type,
        zone=life.zone,
        reservation=life.reservation,
    )
    if life.launched is not None:
        yield nodes.launched_seconds.sample(life.launched, 0, **place)

"""The page of Karpenter's controller: what its nodes offer, what pods ask of them, how much each pool has in use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from exporters.simulation.cluster import accelerator_resources
from exporters.simulation.standing import Line, StandingPage, standing_page
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Node, Pod

KINDS = {
    "karpenter_nodes_allocatable": "gauge",
    "karpenter_nodes_total_pod_requests": "gauge",
    "karpenter_nodepools_usage": "gauge",
}


def karpenter_page(nodes: Sequence[Node], pods: Sequence[Pod]) -> StandingPage:
    lines = [line for node in nodes for line in _node_lines(node, [pod for pod in pods if pod.node == node.name])]
    pools: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        pools[node.pool].append(node)
    lines += [line for pool, members in pools.items() for line in _pool_lines(pool, members)]
    return standing_page(lines, KINDS)


def _node_lines(node: Node, pods: Sequence[Pod]) -> Iterator[Line]:
    labels = _labels(node)
    offered = Span(node.allocatable, node.gone)
    for resource, count in accelerator_resources(node).items():
        yield Line("karpenter_nodes_allocatable", f'{labels},resource_type="{_spelled(resource)}"', count, offered)
    yield Line(
        "karpenter_nodes_allocatable", f'{labels},resource_type="cpu"', round(node.machine.vcpus * 0.97, 2), offered
    )
    for resource in accelerator_resources(node):
        asking = [(pod.held, len(pod.holds)) for pod in pods if pod.resource == resource]
        text = f'{labels},resource_type="{_spelled(resource)}"'
        yield from _sums("karpenter_nodes_total_pod_requests", text, asking, offered)
    asking_cpus = [(pod.held, pod.cpus) for pod in pods]
    yield from _sums("karpenter_nodes_total_pod_requests", f'{labels},resource_type="cpu"', asking_cpus, offered)


def _pool_lines(pool: str, nodes: Sequence[Node]) -> Iterator[Line]:
    life = Span(min(node.created for node in nodes), FOREVER)
    lives = [(Span(node.created, node.gone), node.machine) for node in nodes]
    for resource, amounts in (
        ("cpu", [(span, machine.vcpus) for span, machine in lives]),
        ("nvidia.com/gpu", [(span, machine.cards) for span, machine in lives if machine.card]),
    ):
        labels = f'nodepool="{pool}",resource_type="{resource}"'
        yield from _sums("karpenter_nodepools_usage", labels, amounts, life)


def _sums(family: str, labels: str, amounts: Sequence[tuple[Span, float]], life: Span) -> Iterator[Line]:
    """The sum of the amounts whose spans hold, as lines over `life`."""
    edges = {edge for span, _ in amounts for edge in (span.start, span.end) if life.start < edge < life.end}
    borders = [life.start, *sorted(edges), life.end]
    for start, end in pairwise(borders):
        total = sum(amount for span, amount in amounts if span.holds(start))
        yield Line(family, labels, round(total, 3), Span(start, end))


def _spelled(resource: str) -> str:
    """kube-state-metrics writes nvidia_com_mig_1g_24gb where Karpenter writes nvidia.com/mig_1g.24gb."""
    if resource.startswith("aws_amazon_com_"):
        return resource.replace("aws_amazon_com_", "aws.amazon.com/")
    name = resource.removeprefix("nvidia_com_")
    if name.startswith("mig_"):
        slices, memory = name.removeprefix("mig_").split("_")
        name = f"mig_{slices}.{memory}"
    return f"nvidia.com/{name}"


def _labels(node: Node) -> str:
    machine = node.machine
    family, size = machine.name.split(".")
    card = machine.card
    labels = {
        "arch": "amd64",
        "capacity_type": node.capacity_type,
        "instance_category": family[0],
        "instance_cpu": str(machine.vcpus),
        "instance_family": family,
        "instance_gpu_count": str(machine.cards) if card else "",
        "instance_gpu_manufacturer": "nvidia" if card else "",
        "instance_gpu_name": card.karpenter_name if card else "",
        "instance_size": size,
        "instance_type": machine.name,
        "managed": "true",
        "node_name": node.name,
        "nodepool": node.pool,
        "os": "linux",
        "phase": "Running",
        "region": node.zone[:-1],
        "zone": node.zone,
    }
    return ",".join(f'{label}="{value}"' for label, value in labels.items())

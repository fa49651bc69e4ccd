"""Labels and resources of simulated nodes, spelled as Kubernetes does."""

from __future__ import annotations

from exporters.simulation.aws_answers import CAPACITY_BLOCK, RESERVED, reservation_id
from exporters.simulation.cluster import accelerator_resources
from exporters.simulation.machines import Machine
from exporters.simulation.story import Node

# Its nodes are bought by EKS Auto Mode, which has labels of its own.
AUTO_MODE_POOL = "gpu-large"


def resource_name(name: str) -> str:
    """From kube-state-metrics' spelling: nvidia_com_mig_1g_24gb is nvidia.com/mig-1g.24gb."""
    if name.startswith("aws_amazon_com_"):
        return name.replace("aws_amazon_com_", "aws.amazon.com/")
    own = name.removeprefix("nvidia_com_")
    return f"nvidia.com/{own.replace('mig_', 'mig-').replace('_', '.')}"


def accelerators(node: Node) -> dict[str, int]:
    """What its device plugin offers."""
    return {resource_name(name): count for name, count in accelerator_resources(node).items()}


def bought_labels(node: Node, seed: int) -> dict[str, str]:
    """What is known when it is bought: they are on its NodeClaim too."""
    machine = node.machine
    prefix = "eks.amazonaws.com" if node.pool == AUTO_MODE_POOL else "karpenter.k8s.aws"
    family, size = machine.name.split(".")
    labels = {
        "karpenter.sh/nodepool": node.pool,
        "karpenter.sh/capacity-type": node.capacity_type,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": machine.name,
        "topology.kubernetes.io/region": node.zone[:-1],
        "topology.kubernetes.io/zone": node.zone,
        f"{prefix}/instance-category": family[0],
        f"{prefix}/instance-family": family,
        f"{prefix}/instance-size": size,
        f"{prefix}/instance-cpu": str(machine.vcpus),
        f"{prefix}/instance-memory": str(machine.memory_gib * 1024),
        **_device_labels(machine, prefix),
    }
    if node.capacity_type in (RESERVED, CAPACITY_BLOCK) and node.pool != AUTO_MODE_POOL:
        labels["karpenter.k8s.aws/capacity-reservation-id"] = reservation_id(seed, node)
    return labels


def node_labels(node: Node, seed: int, is_initialized: bool) -> dict[str, str]:
    """With what the kubelet, the cloud's controller and NVIDIA's discovery add once it runs."""
    labels = {
        **bought_labels(node, seed),
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": node.machine.name,
        "beta.kubernetes.io/os": "linux",
        "failure-domain.beta.kubernetes.io/region": node.zone[:-1],
        "failure-domain.beta.kubernetes.io/zone": node.zone,
        "kubernetes.io/hostname": node.name,
        "karpenter.sh/registered": "true",
    }
    if is_initialized:
        labels["karpenter.sh/initialized"] = "true"
        labels |= _discovered_labels(node)
    return labels


def _device_labels(machine: Machine, prefix: str) -> dict[str, str]:
    if machine.card is None:
        names = {"count": str(machine.cards), "manufacturer": "aws", "name": "trainium"} if machine.cards else {}
        return {f"{prefix}/instance-accelerator-{name}": value for name, value in names.items()}
    card = machine.card
    names = {"count": str(machine.cards), "manufacturer": "nvidia", "name": card.karpenter_name}
    return {f"{prefix}/instance-gpu-{name}": value for name, value in names.items()}


def _discovered_labels(node: Node) -> dict[str, str]:
    card = node.machine.card
    if card is None:
        return {}
    sharing = {"nvidia.com/gpu.sharing-strategy": "time-slicing"} if node.replicas > 1 else {}
    return {
        "nvidia.com/gpu.count": str(node.machine.cards),
        "nvidia.com/gpu.product": card.name.replace(" ", "-"),
        "nvidia.com/gpu.memory": str(card.memory_mib),
        "nvidia.com/gpu.replicas": str(node.replicas),
        **sharing,
        **({"nvidia.com/mig.strategy": "mixed"} if node.mig else {}),
    }

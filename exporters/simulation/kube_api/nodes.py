"""Node objects of the simulated fleet: labels, taints, conditions, what they offer and which images they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from exporters.simulation.kube_api.images import Image, images_of
from exporters.simulation.kube_api.kind import NODES
from exporters.simulation.kube_api.labels import accelerators, node_labels
from exporters.simulation.kube_api.metadata import Json, managed, metadata, owner, stamp, uid
from exporters.simulation.kube_api.thing import Thing, thing
from exporters.simulation.steps import Span
from exporters.simulation.story import Node, Pod, identity

_PRESSURES = {
    "MemoryPressure": "KubeletHasSufficientMemory",
    "DiskPressure": "KubeletHasNoDiskPressure",
    "PIDPressure": "KubeletHasSufficientPID",
}
_PODS = 110
_EPHEMERAL = "100Gi"


def node_thing(node: Node, pods: Sequence[Pod], seed: int) -> Thing:
    edges = [node.ready, node.allocatable, node.cordoned]
    edges += [edge for span in (*node.unready, *_faults(node)) for edge in (span.start, span.end)]
    edges += [pod.lives[0].start for pod in pods if pod.lives]
    return thing(NODES, node.name, Span(node.created, node.gone), edges, partial(node_object, node, pods, seed))


def node_object(node: Node, pods: Sequence[Pod], seed: int, at: float) -> Json:
    claim = owner("karpenter.sh/v1", "NodeClaim", node_claim(node), uid(seed, "claim", node.name), is_controller=False)
    about = metadata(
        node.name,
        uid(seed, "node object", node.name),
        node.created,
        deleted=node.cordoned if at >= node.cordoned else float("inf"),
        labels=node_labels(node, seed, at >= node.allocatable),
        annotations={"karpenter.sh/nodepool-hash-version": "v3", "node.alpha.kubernetes.io/ttl": "0"},
        ownerReferences=[claim],
        finalizers=["karpenter.sh/termination"],
    )
    spec: Json = {"providerID": node.provider_id, "taints": _taints(node, at)}
    if at >= node.cordoned:
        spec["unschedulable"] = True
    found = {"metadata": about, "spec": spec, "status": _status(node, images_of(pods, at), at)}
    return managed(found, "kubelet", at)


def node_claim(node: Node) -> str:
    """The name of the NodeClaim that it was bought with."""
    return f"{node.pool}-{node.name.split('.')[0].removeprefix('ip-')}"


def quantities(node: Node, accelerators: Mapping[str, int], is_allocatable: bool) -> Json:
    """What it has, or what of it pods may ask for."""
    machine = node.machine
    cpu = f"{machine.vcpus * 970}m" if is_allocatable else str(machine.vcpus)
    memory = machine.memory_gib * 1024 * 1024
    return {
        "cpu": cpu,
        "ephemeral-storage": _EPHEMERAL,
        "memory": f"{memory * 93 // 100 if is_allocatable else memory}Ki",
        "pods": str(_PODS),
        **{name: str(count) for name, count in accelerators.items()},
    }


def _status(node: Node, images: Sequence[Image], at: float) -> Json:
    offered = accelerators(node) if at >= node.allocatable else {}
    lost = sum(span.holds(at) for span in _faults(node)) * node.replicas
    left = {name: max(0, count - lost) for name, count in offered.items()}
    return {
        "capacity": quantities(node, offered, is_allocatable=False),
        "allocatable": quantities(node, left, is_allocatable=True),
        "conditions": _conditions(node, at),
        "addresses": [{"type": "InternalIP", "address": node.address}, {"type": "Hostname", "address": node.name}],
        "images": [{"names": list(one.names), "sizeBytes": one.size_bytes} for one in images],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": _info(node),
    }


def _info(node: Node) -> Json:
    machine = identity(0, "machine", node.provider_id)
    return {
        "machineID": machine,
        "systemUUID": machine,
        "bootID": machine,
        "kernelVersion": "6.12.40-63.114.amzn2023.x86_64",
        "osImage": "Amazon Linux 2023",
        "containerRuntimeVersion": "containerd://2.1.4",
        "kubeletVersion": "v1.34.1-eks-113cf36",
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }


def _conditions(node: Node, at: float) -> list[Json]:
    silent = next((span for span in node.unready if span.holds(at)), None)
    since = max([node.created, node.ready, *(span.end for span in node.unready)], key=lambda edge: (edge <= at, edge))
    if silent is not None:
        return [_condition(name, "Unknown", "NodeStatusUnknown", silent.start, at) for name in (*_PRESSURES, "Ready")]
    ready = ("True", "KubeletReady") if at >= node.ready else ("False", "KubeletNotReady")
    pressures = [_condition(name, "False", reason, since, at) for name, reason in _PRESSURES.items()]
    return [*pressures, _condition("Ready", *ready, since if at >= node.ready else node.created, at)]


def _condition(name: str, status: str, reason: str, since: float, at: float) -> Json:
    times = {"lastHeartbeatTime": stamp(since if status == "Unknown" else at), "lastTransitionTime": stamp(since)}
    return {"type": name, "status": status, **times, "reason": reason, "message": f"{reason} of the simulation"}


def _taints(node: Node, at: float) -> list[Json]:
    found = [{"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}] if node.machine.card else []
    if at < node.ready:
        found.append({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})
    if any(span.holds(at) for span in node.unready):
        found += [{"key": "node.kubernetes.io/unreachable", "effect": kind} for kind in ("NoSchedule", "NoExecute")]
    if at >= node.cordoned:
        found.append({"key": "karpenter.sh/disrupted", "effect": "NoSchedule"})
    return found


def _faults(node: Node) -> list[Span]:
    return [fault.span for fault in node.faults]

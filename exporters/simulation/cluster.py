"""The page of kube-state-metrics: nodes and pods as the API server shows them.

Trimmed by label as operators do: of the Ready condition of nodes and pods only `true` is kept (1 or 0), of the phases
those that occur, of the resources accelerators, CPUs and pod slots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from exporters.simulation.standing import Line, StandingPage, flag_lines, standing_page
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Node, Pod

KINDS = {
    "kube_node_info": "gauge",
    "kube_node_created": "gauge",
    "kube_node_labels": "gauge",
    "kube_node_status_condition": "gauge",
    "kube_node_spec_unschedulable": "gauge",
    "kube_node_spec_taint": "gauge",
    "kube_node_status_capacity": "gauge",
    "kube_node_status_allocatable": "gauge",
    "kube_pod_info": "gauge",
    "kube_pod_created": "gauge",
    "kube_pod_labels": "gauge",
    "kube_pod_owner": "gauge",
    "kube_pod_status_phase": "gauge",
    "kube_pod_status_ready": "gauge",
    "kube_pod_status_scheduled_time": "gauge",
    "kube_pod_container_resource_requests": "gauge",
    "kube_pod_container_status_restarts_total": "counter",
    "kube_pod_container_status_waiting_reason": "gauge",
    "kube_replicaset_owner": "gauge",
}


def cluster_page(nodes: Sequence[Node], pods: Sequence[Pod]) -> StandingPage:
    lines = [line for node in nodes for line in _node_lines(node)]
    addresses = {node.name: node.address for node in nodes}
    lines += [line for pod in pods for line in _pod_lines(pod, addresses[pod.node])]
    lines += _replicaset_lines(pods)
    return standing_page(lines, KINDS)


def accelerator_resources(node: Node) -> dict[str, int]:
    """What the device plugin offers, in kube-state-metrics' spelling of resources."""
    if node.machine.card is None:
        return {"aws_amazon_com_neuron": node.machine.cards} if node.machine.cards else {}
    if not node.mig:
        return {"nvidia_com_gpu": node.machine.cards * node.replicas}
    profiles = [slot.profile for slot in node.slots if slot.profile]
    found = {f"nvidia_com_mig_{profile.replace('.', '_')}": profiles.count(profile) for profile in profiles}
    return {"nvidia_com_gpu": 0, **found}


def _node_lines(node: Node) -> Iterator[Line]:
    life = Span(node.created, node.gone)
    name = f'node="{node.name}"'
    info = (
        f'{name},kernel_version="6.12.40-63.114.amzn2023.x86_64",os_image="Amazon Linux 2023",'
        f'container_runtime_version="containerd://2.1.4",kubelet_version="v1.34.1-eks-113cf36",'
        f'provider_id="{node.provider_id}",internal_ip="{node.address}"'
    )
    yield Line("kube_node_info", info, 1, life)
    yield Line("kube_node_created", name, node.created, life)
    yield Line("kube_node_labels", f"{name},{_node_labels(node)}", 1, life)
    ready = f'{name},condition="Ready",status="true"'
    yield from flag_lines("kube_node_status_condition", ready, list(_ready_spans(node)), life)
    cordon = [Span(node.cordoned, node.gone)] if node.cordoned < FOREVER else []
    yield from flag_lines("kube_node_spec_unschedulable", name, cordon, life)
    for span in cordon:
        yield Line("kube_node_spec_taint", f'{name},key="karpenter.sh/disrupted",value="",effect="NoSchedule"', 1, span)
    cpus = f'{name},resource="cpu",unit="core"'
    yield Line("kube_node_status_allocatable", cpus, round(node.machine.vcpus * 0.97, 2), life)
    yield Line("kube_node_status_allocatable", f'{name},resource="pods",unit="integer"', 110, life)
    for resource, count in accelerator_resources(node).items():
        labels = f'{name},resource="{resource}",unit="integer"'
        yield Line("kube_node_status_capacity", labels, count, Span(node.allocatable, node.gone))
        for span, lost in _losses(node):
            yield Line("kube_node_status_allocatable", labels, count - lost * node.replicas, span)


def _losses(node: Node) -> Iterator[tuple[Span, int]]:
    """How many devices the device plugin withdraws as unhealthy, while the node offers accelerators at all."""
    offered = Span(node.allocatable, node.gone)
    spans = [part for fault in node.faults if (part := fault.span.within(offered))]
    borders = sorted({offered.start, offered.end, *(edge for span in spans for edge in (span.start, span.end))})
    for start, end in pairwise(borders):
        yield Span(start, end), sum(span.holds(start) for span in spans)


def _ready_spans(node: Node) -> Iterator[Span]:
    at = node.ready
    for span in node.unready:
        yield Span(at, span.start)
        at = span.end
    yield Span(at, node.gone)


def _node_labels(node: Node) -> str:
    machine = node.machine
    labels = {
        "kubernetes_io_arch": "amd64",
        "node_kubernetes_io_instance_type": machine.name,
        "topology_kubernetes_io_region": node.zone[:-1],
        "topology_kubernetes_io_zone": node.zone,
        "karpenter_sh_nodepool": node.pool,
        "karpenter_sh_capacity_type": node.capacity_type,
    }
    if machine.card is not None:
        labels |= {
            "karpenter_k8s_aws_instance_gpu_count": str(machine.cards),
            "karpenter_k8s_aws_instance_gpu_name": machine.card.karpenter_name,
            "karpenter_k8s_aws_instance_gpu_manufacturer": "nvidia",
            "nvidia_com_gpu_product": machine.card.name.replace(" ", "-"),
            "nvidia_com_gpu_count": str(machine.cards),
            "nvidia_com_gpu_replicas": str(node.replicas),
        }
    if node.replicas > 1:
        labels["nvidia_com_gpu_sharing_strategy"] = "time-slicing"
    if node.mig:
        labels["nvidia_com_mig_strategy"] = "mixed"
    return ",".join(f'label_{label}="{value}"' for label, value in labels.items())


def _pod_lines(pod: Pod, host: str) -> Iterator[Line]:
    life = Span(pod.bound, pod.removed)
    who = f'namespace="{pod.namespace}",pod="{pod.name}",uid="{pod.uid}"'
    creator = "ReplicaSet" if pod.owner_kind == "Deployment" else pod.owner_kind
    where = f'host_ip="{host}",pod_ip="{pod.address}",node="{pod.node}"'
    made = f'created_by_kind="{creator}",created_by_name="{pod.owner_name}"'
    owner = f'owner_kind="{creator}",owner_name="{pod.owner_name}",owner_is_controller="true"'
    yield Line("kube_pod_info", f"{who},{where},{made}", 1, life)
    yield Line("kube_pod_created", who, pod.bound, life)
    labels = f'label_app_kubernetes_io_name="{pod.workload}",label_team="{pod.team}"'
    yield Line("kube_pod_labels", f"{who},{labels}", 1, life)
    yield Line("kube_pod_owner", f"{who},{owner}", 1, life)
    yield Line("kube_pod_status_scheduled_time", who, pod.bound, life)
    started = pod.lives[0].start
    phases = {
        "Pending": Span(pod.bound, started),
        "Succeeded": Span(pod.finished, pod.removed),
        "Running": Span(started, min(pod.finished, pod.removed)),
    }
    for phase, during in phases.items():
        yield from flag_lines("kube_pod_status_phase", f'{who},phase="{phase}"', [during], life)
    ready = [span for each in pod.lives if each.serving and (span := each.serving.within(pod.held))]
    yield from flag_lines("kube_pod_status_ready", f'{who},condition="true"', ready, life)
    container = f'{who},container="{pod.container}"'
    requests = f'{container},node="{pod.node}"'
    family = "kube_pod_container_resource_requests"
    yield Line(family, f'{requests},resource="cpu",unit="core"', pod.cpus, life)
    if pod.resource:
        yield Line(family, f'{requests},resource="{pod.resource}",unit="integer"', len(pod.holds), life)
    yield from _container_lines(pod, container, life)


def _container_lines(pod: Pod, container: str, life: Span) -> Iterator[Line]:
    """Restarts so far, and why the container waits; the reason has a series only while there is one."""
    waiting = "kube_pod_container_status_waiting_reason"
    starts = [pod.bound, *(each.start for each in pod.lives[1:]), pod.removed]
    for count, (start, end) in enumerate(pairwise(starts)):
        span = Span(start, end).within(life)
        if span is not None:
            yield Line("kube_pod_container_status_restarts_total", container, count, span)
    yield Line(waiting, f'{container},reason="ContainerCreating"', 1, Span(pod.bound, pod.lives[0].start))
    for each, start in zip(pod.lives, starts[1:], strict=True):
        span = Span(each.end, start).within(life) if each.backs_off else None
        if span is not None:
            yield Line(waiting, f'{container},reason="CrashLoopBackOff"', 1, span)


def _replicaset_lines(pods: Sequence[Pod]) -> Iterator[Line]:
    """A ReplicaSet outlives its pods; it is shown from its first pod on."""
    seen: dict[tuple[str, str], Pod] = {}
    for pod in pods:
        if pod.owner_kind == "Deployment":
            first = seen.setdefault((pod.namespace, pod.owner_name), pod)
            if pod.bound < first.bound:
                seen[pod.namespace, pod.owner_name] = pod
    for (namespace, name), pod in seen.items():
        owner = f'owner_kind="Deployment",owner_name="{pod.workload}",owner_is_controller="true"'
        labels = f'namespace="{namespace}",replicaset="{name}",{owner}'
        yield Line("kube_replicaset_owner", labels, 1, Span(pod.bound, FOREVER))

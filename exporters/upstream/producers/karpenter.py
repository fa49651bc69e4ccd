"""Karpenter: what a node was bought as, how old it is, what it offers, and where pods run, without kube-state-metrics;
and what its pools hold, cost and lose."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.canonical import nodes, pods, targets
from exporters.metric import Metric
from exporters.upstream.declaration import Family, Upstream

# The label `phase` goes from Pending to Running in a node's life, which makes another series: no mapping reads it.
_NODE = {
    "node": ("node_name",),
    "accelerators": ("instance_gpu_count", "instance_accelerator_count"),
    "accelerator_model": ("instance_gpu_name", "instance_accelerator_name"),
    "reservation": ("capacity_reservation_id",),
}
# There is a series for every type, zone and capacity type of the region; these are the families with accelerators.
_ACCELERATED = {"instance_type": r"(p|g|gr|inf|trn|dl)\d.*", "capacity_type": "on-demand|spot"}
_POD = {"pod": ("name",), "owner_name": ("owner",)}
# Karpenter keeps the dots and slashes of a resource's name, kube-state-metrics, whose form is ours, does not.
_RESOURCES = {
    "nvidia.com/gpu": "nvidia_com_gpu",
    "nvidia.com/gpu.shared": "nvidia_com_gpu_shared",
    "aws.amazon.com/neuron": "aws_amazon_com_neuron",
    "aws.amazon.com/neuroncore": "aws_amazon_com_neuroncore",
    "aws.amazon.com/neurondevice": "aws_amazon_com_neurondevice",
}
_SAME_NAME = "cpu|memory|pods|nodes"

_SINCE_1_0 = "1.0+"
_BEFORE_1_0 = "0.32 to 0.37"
# Until 1.0 the counter of disruptions called its reason a type.
_REASON = {"reason": ("reason", "type")}


def _by_resource(name: str, metric: Metric, labels: Mapping[str, str], rank: int, versions: str = "") -> list[Upstream]:
    """The declarations of a series with the label `resource_type`; `labels` are canonical ones with other names."""
    named = {label: (upstream,) for label, upstream in labels.items()}
    same = {**named, "resource": ("resource_type",)}
    return [
        Upstream(name, metric, labels=same, where={"resource_type": _SAME_NAME}, rank=rank, versions=versions),
        *(
            Upstream(
                name,
                metric,
                labels=named,
                constants={"resource": ours},
                where={"resource_type": theirs.replace(".", r"\.")},
                rank=rank,
                versions=versions,
            )
            for theirs, ours in _RESOURCES.items()
        ),
    ]


_NODES = (
    Upstream(
        "karpenter_nodes_allocatable",
        nodes.node_shape_info,
        labels=_NODE,
        where={"resource_type": "cpu"},
        rank=1,
        as_one=True,
    ),
    *_by_resource("karpenter_nodes_allocatable", nodes.allocatable, {"node": "node_name"}, rank=1),
    Upstream(
        "karpenter_nodes_current_lifetime_seconds",
        nodes.age_seconds,
        labels={"node": ("node_name",)},
        versions="after 1.0",
    ),
)
_PODS = (
    Upstream("karpenter_pods_state", pods.pod_info, labels=_POD, rank=1, as_one=True),
    Upstream("karpenter_pods_state", pods.phase, labels=_POD, rank=1, as_one=True),
)
_POOLS = (
    *_by_resource("karpenter_nodepools_usage", nodes.nodepool_usage, {}, rank=0, versions=_SINCE_1_0),
    *_by_resource("karpenter_nodepool_usage", nodes.nodepool_usage, {}, rank=1, versions=_BEFORE_1_0),
    *_by_resource("karpenter_nodepools_limit", nodes.nodepool_limit, {}, rank=0, versions=_SINCE_1_0),
    *_by_resource("karpenter_nodepool_limit", nodes.nodepool_limit, {}, rank=1, versions=_BEFORE_1_0),
    Upstream("karpenter_nodepools_allowed_disruptions", nodes.allowed_disruptions, versions=_SINCE_1_0),
    Upstream("karpenter_voluntary_disruption_eligible_nodes", nodes.disruption_eligible, versions=_SINCE_1_0),
    # A gauge in spite of its name: what the pool costs in an hour as it stands. It falls when nodes go.
    Upstream("karpenter_nodepools_cost_total", nodes.nodepool_dollars_per_hour, versions="after 1.0"),
)
# The counters of disruptions miss what people delete by hand, those of terminations have all.
_CLAIMS = (
    Upstream("karpenter_nodeclaims_created_total", nodes.claims_created_total, versions=_SINCE_1_0),
    Upstream("karpenter_nodeclaims_created", nodes.claims_created_total, rank=1, versions=_BEFORE_1_0),
    Upstream("karpenter_nodeclaims_terminated_total", nodes.claims_terminated_total, versions=_SINCE_1_0),
    Upstream("karpenter_nodeclaims_terminated", nodes.claims_terminated_total, rank=1, versions=_BEFORE_1_0),
    Upstream("karpenter_nodeclaims_disrupted_total", nodes.claims_disrupted_total, versions=_SINCE_1_0),
    Upstream(
        "karpenter_nodeclaims_disrupted",
        nodes.claims_disrupted_total,
        labels=_REASON,
        rank=1,
        versions=_BEFORE_1_0,
    ),
    Upstream("karpenter_interruption_received_messages_total", nodes.interruptions_total, versions=_SINCE_1_0),
    Upstream("karpenter_interruption_received_messages", nodes.interruptions_total, rank=1, versions=_BEFORE_1_0),
)
_OFFERINGS = (
    Upstream(
        "karpenter_cloudprovider_instance_type_offering_price_estimate",
        nodes.offering_dollars_per_hour,
        where=_ACCELERATED,
        versions=_SINCE_1_0,
    ),
    Upstream(
        "karpenter_cloudprovider_instance_type_offering_available",
        nodes.offering_available,
        where=_ACCELERATED,
        versions=_SINCE_1_0,
    ),
)

family = Family(
    "karpenter",
    "Karpenter",
    (Upstream("karpenter_build_info", targets.build_info), *_NODES, *_PODS, *_POOLS, *_CLAIMS, *_OFFERINGS),
)

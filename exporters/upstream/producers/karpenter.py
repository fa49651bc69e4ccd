"""Karpenter: what a node was bought as, and where pods run, without kube-state-metrics."""

from exporters.canonical import nodes, pods, targets
from exporters.upstream.declaration import Family, Upstream

_NODE = {
    "node": ("node_name",),
    "accelerators": ("instance_gpu_count", "instance_accelerator_count"),
    "accelerator_model": ("instance_gpu_name", "instance_accelerator_name"),
    "reservation": ("capacity_reservation_id",),
}
# There is a series for every type, zone and capacity type of the region; these are the families with accelerators.
_ACCELERATED = {"instance_type": r"(p|g|gr|inf|trn|dl)\d.*", "capacity_type": "on-demand|spot"}
_POD = {"pod": ("name",), "owner_name": ("owner",)}

family = Family(
    "karpenter",
    "Karpenter",
    (
        Upstream(
            "karpenter_nodes_allocatable",
            nodes.node_shape_info,
            labels=_NODE,
            where={"resource_type": "cpu"},
            rank=1,
            as_one=True,
        ),
        Upstream("karpenter_build_info", targets.build_info),
        Upstream("karpenter_pods_state", pods.pod_info, labels=_POD, rank=1, as_one=True),
        Upstream("karpenter_pods_state", pods.phase, labels=_POD, rank=1, as_one=True),
        Upstream(
            "karpenter_cloudprovider_instance_type_offering_price_estimate",
            nodes.offering_dollars_per_hour,
            where=_ACCELERATED,
            versions="1.0+",
        ),
        Upstream(
            "karpenter_cloudprovider_instance_type_offering_available",
            nodes.offering_available,
            where=_ACCELERATED,
            versions="1.0+",
        ),
    ),
)

"""Labels of the node that a scrape configuration copied to its targets, as `labelmap` over node labels does."""

from __future__ import annotations

from collections.abc import Mapping

from exporters.canonical import device, nodes
from exporters.upstream.declaration import Family, Upstream
from exporters.upstream.producers import dcgm

# Label of the instance type -> what its value must look like. The bare name is used for other things too.
_INSTANCE_TYPES: Mapping[str, str] = {
    "node_kubernetes_io_instance_type": ".+",
    "label_node_kubernetes_io_instance_type": ".+",
    "beta_kubernetes_io_instance_type": ".+",
    "label_beta_kubernetes_io_instance_type": ".+",
    "instance_type": r"[a-z0-9-]+\.[a-z0-9-]+",
}


def _either(*labels: str) -> tuple[str, ...]:
    """Each label as `labelmap` writes it, and as kube-state-metrics would."""
    return tuple(spelling for label in labels for spelling in (label, f"label_{label}"))


_LABELS: Mapping[str, tuple[str, ...]] = {
    "node": ("node", "kubernetes_node", "nodename", "kubernetes_io_hostname", "Hostname", "hostname"),
    "capacity_type": (
        *_either("karpenter_sh_capacity_type", "eks_amazonaws_com_capacityType", "eks_amazonaws_com_capacity_type"),
        "capacity_type",
    ),
    "nodepool": _either("karpenter_sh_nodepool", "eks_amazonaws_com_nodegroup"),
    "region": _either("topology_kubernetes_io_region", "failure_domain_beta_kubernetes_io_region"),
    "zone": _either("topology_kubernetes_io_zone", "failure_domain_beta_kubernetes_io_zone"),
    "exporter_namespace": ("=namespace",),
    "exporter_pod": ("=pod",),
}
# Samples of a device have their target's labels too; where they were sent on without `up`, only they have them.
_NAMES = (
    "up",
    *(upstream.name for upstream in dcgm.family.upstreams if upstream.metric is device.accelerator_info),
)

family = Family(
    "target-labels",
    "labels of scraped targets",
    tuple(
        Upstream(
            name,
            nodes.machine_info,
            labels={**_LABELS, "instance_type": (f"={label}",)},
            where={label: value},
            rank=rank,
            as_one=True,
        )
        for name in _NAMES
        for rank, (label, value) in enumerate(_INSTANCE_TYPES.items())
    ),
)

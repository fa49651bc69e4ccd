"""Prometheus node_exporter: what the firmware of an EC2 machine calls itself, which is its instance type."""

from exporters.canonical import nodes, targets
from exporters.upstream.declaration import Family, Upstream

family = Family(
    "node-exporter",
    "Prometheus node_exporter",
    (
        Upstream("node_exporter_build_info", targets.build_info),
        Upstream(
            "node_dmi_info",
            nodes.machine_info,
            labels={
                "instance_type": ("product_name",),
                "node": ("node", "kubernetes_node", "nodename"),
                "exporter_namespace": ("=namespace",),
                "exporter_pod": ("=pod",),
            },
            # Machines of the old Xen kind say "HVM domU", other clouds name the hypervisor.
            where={"system_vendor": "Amazon EC2", "product_name": r"[a-z0-9-]+\.[a-z0-9-]+"},
            as_one=True,
        ),
    ),
)

"""kube-state-metrics: nodes, pods, requests, owners, phases."""

from __future__ import annotations

from exporters.canonical import nodes, pods, targets
from exporters.upstream.declaration import Family, Upstream

# kube-state-metrics writes a resource name with every other character as an underscore.
ACCELERATOR_RESOURCES = r"nvidia_com_(gpu(_shared)?|mig_\w+)|aws_amazon_com_neuron(core|device)?"
HOST_RESOURCES = "cpu|memory|pods"
_RESOURCES = f"{ACCELERATOR_RESOURCES}|{HOST_RESOURCES}"

_SHAPE = {
    "instance_type": ("label_node_kubernetes_io_instance_type", "label_beta_kubernetes_io_instance_type"),
    "capacity_type": (
        "label_karpenter_sh_capacity_type",
        "label_eks_amazonaws_com_capacityType",
        "label_eks_amazonaws_com_capacity_type",
    ),
    "nodepool": ("label_karpenter_sh_nodepool", "label_eks_amazonaws_com_nodegroup"),
    "region": ("label_topology_kubernetes_io_region", "label_failure_domain_beta_kubernetes_io_region"),
    "zone": ("label_topology_kubernetes_io_zone", "label_failure_domain_beta_kubernetes_io_zone"),
    # Two prefixes: self-managed Karpenter and EKS Auto Mode; GPU feature discovery writes a third.
    "accelerators": (
        "label_nvidia_com_gpu_count",
        "label_karpenter_k8s_aws_instance_gpu_count",
        "label_eks_amazonaws_com_instance_gpu_count",
    ),
    "replicas": ("label_nvidia_com_gpu_replicas",),
    "accelerator_model": (
        "label_nvidia_com_gpu_product",
        "label_karpenter_k8s_aws_instance_gpu_name",
        "label_eks_amazonaws_com_instance_gpu_name",
    ),
    "reservation": ("label_karpenter_k8s_aws_capacity_reservation_id",),
    "compute_type": ("label_eks_amazonaws_com_compute_type",),
}
_POD_LABELS = {
    "team": ("label_team", "label_app_kubernetes_io_team", "label_owner_team"),
    "group_name": ("label_leaderworkerset_sigs_k8s_io_name", "label_ray_io_cluster"),
    "role": ("label_llm_d_ai_role",),
    "group_index": ("label_leaderworkerset_sigs_k8s_io_group_index",),
}
_APP_LABELS = {
    "app": ("label_app",),
    "app_name": ("label_app_kubernetes_io_name",),
    "app_instance": ("label_app_kubernetes_io_instance",),
    "app_component": ("label_app_kubernetes_io_component",),
}
# Shown only where kube-state-metrics is told to: --metric-labels-allowlist, --metric-annotations-allowlist.
_ADVICE = {"advice": ("label_gpuyield_dev_advice",)}
_SAYS_ADVICE = {"label_gpuyield_dev_advice": ".+"}
_DISRUPTION = {"do_not_disrupt": ("annotation_karpenter_sh_do_not_disrupt",)}
_SAYS_DISRUPTION = {"annotation_karpenter_sh_do_not_disrupt": ".+"}

family = Family(
    "kube-state-metrics",
    "kube-state-metrics",
    (
        Upstream("kube_node_info", nodes.node_info),
        Upstream("kube_node_labels", nodes.node_shape_info, labels=_SHAPE, rank=2),
        Upstream("kube_node_created", nodes.created_seconds),
        Upstream("kube_node_status_condition", nodes.ready, where={"condition": "Ready", "status": "true"}),
        Upstream(
            "kube_node_status_condition",
            nodes.hardware_ready,
            where={"condition": "AcceleratedHardwareReady", "status": "true"},
        ),
        Upstream("kube_node_spec_unschedulable", nodes.unschedulable),
        Upstream("kube_node_spec_taint", nodes.taint),
        Upstream("kube_node_status_allocatable", nodes.allocatable, where={"resource": _RESOURCES}),
        Upstream("kube_node_status_capacity", nodes.capacity, where={"resource": _RESOURCES}),
        Upstream(
            "kube_pod_info",
            pods.pod_info,
            labels={"owner_kind": ("created_by_kind",), "owner_name": ("created_by_name",)},
        ),
        Upstream("kube_pod_status_phase", pods.phase),
        Upstream("kube_pod_status_ready", pods.ready, where={"condition": "true"}),
        Upstream("kube_pod_created", pods.created_seconds),
        Upstream("kube_pod_status_scheduled_time", pods.scheduled_seconds),
        Upstream("kube_pod_container_resource_requests", pods.requested, where={"resource": _RESOURCES}),
        Upstream("kube_pod_owner", pods.owner_info),
        Upstream("kube_replicaset_owner", pods.replicaset_owner_info),
        Upstream("kube_pod_labels", pods.labels_info, labels=_POD_LABELS),
        Upstream("kube_pod_labels", pods.app_labels_info, labels=_APP_LABELS),
        Upstream("kube_pod_labels", pods.advice_info, labels=_ADVICE, where=_SAYS_ADVICE),
        Upstream("kube_namespace_labels", pods.advice_info, labels=_ADVICE, constants={"pod": ""}, where=_SAYS_ADVICE),
        Upstream("kube_pod_annotations", pods.disruption_info, labels=_DISRUPTION, where=_SAYS_DISRUPTION),
        Upstream("kube_pod_container_info", pods.image_info),
        Upstream("kube_state_metrics_build_info", targets.build_info),
        Upstream("kube_pod_container_status_restarts_total", pods.restarts_total),
        Upstream("kube_pod_container_status_waiting_reason", pods.waiting),
    ),
)

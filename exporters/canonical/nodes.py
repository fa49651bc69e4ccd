"""Metrics of one Kubernetes node: what it is, since when, and whether it can be used."""

from exporters.metric import Kind, Metric, Unit

node_info = Metric(
    "node_info",
    Kind.INFO,
    Unit.NONE,
    "A node as the API server knows it.",
    ("node", "provider_id", "internal_ip"),
)
node_shape_info = Metric(
    "node_shape_info",
    Kind.INFO,
    Unit.NONE,
    "What was bought: instance type, capacity type, place, and the accelerators its labels promise.",
    (
        "node",
        "instance_type",
        "capacity_type",
        "nodepool",
        "region",
        "zone",
        "accelerators",
        "replicas",
        "accelerator_model",
    ),
)
machine_info = Metric(
    "machine_info",
    Kind.INFO,
    Unit.NONE,
    "What a scraped target tells of the machine it runs on. The node is the label `node` where that names one, else"
    " the node of the target's own pod, else the node at the target's address.",
    (
        "node",
        "instance_type",
        "capacity_type",
        "nodepool",
        "region",
        "zone",
        "instance",
        "exporter_namespace",
        "exporter_pod",
    ),
)
created_seconds = Metric(
    "node_created_timestamp_seconds", Kind.STATE, Unit.SECONDS, "When the node object was made, unix time.", ("node",)
)
ready = Metric("node_ready", Kind.STATE, Unit.NONE, "1 while the kubelet reports Ready.", ("node",))
unschedulable = Metric("node_unschedulable", Kind.STATE, Unit.NONE, "1 while cordoned.", ("node",))
taint = Metric("node_taint", Kind.STATE, Unit.NONE, "1 while the taint is set.", ("node", "key", "effect"))
allocatable = Metric(
    "node_allocatable",
    Kind.STATE,
    Unit.NONE,
    "What the node offers to pods, by resource (accelerators, cpu cores, memory bytes, pods).",
    ("node", "resource"),
)
capacity = Metric(
    "node_capacity",
    Kind.STATE,
    Unit.NONE,
    "What the node has, by resource; replicas count singly.",
    ("node", "resource"),
)
accelerators = Metric(
    "node_accelerators",
    Kind.STATE,
    Unit.NONE,
    "Devices of a node by state: expected (its type has them), visible (the driver shows them), allocatable and"
    " requested (the kubelet's word).",
    ("node", "state"),
)

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
    "What was bought: instance type, capacity type, place, and the accelerators its labels promise. `compute_type` is"
    " auto where EKS Auto Mode runs the node, and takes its fee.",
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
        "reservation",
        "compute_type",
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
claim_info = Metric(
    "node_claim_info",
    Kind.INFO,
    Unit.NONE,
    "A NodeClaim: what Karpenter buys. Its node is the empty label until that has registered.",
    ("nodeclaim", "node", "provider_id", "nodepool", "instance_type", "capacity_type", "zone", "reservation"),
)
launched_seconds = Metric(
    "node_launched_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When the machine of a NodeClaim was launched, unix time: from then on it is paid.",
    ("node", "nodeclaim"),
)
gone_seconds = Metric(
    "node_gone_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When the NodeClaim, or the node where it has none, was seen to go, unix time; told for ten minutes after it.",
    ("node", "nodeclaim"),
)
phase = Metric(
    "node_phase",
    Kind.STATE,
    Unit.NONE,
    "1 for the phase that the node is in: starting (it was never Ready with its accelerators), ready, draining"
    " (deleted, cordoned or tainted for it), unhealthy (not Ready any more, or its accelerators are reported bad).",
    ("node", "phase"),
)
start_seconds = Metric(
    "node_start_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "From the wish for a node (its NodeClaim's creation, else its own) to a step: launched, created, registered,"
    " initialized, devices (accelerators allocatable), first_pod (a pod with accelerators is Ready).",
    ("node", "step"),
)
nodepool_info = Metric(
    "nodepool_info",
    Kind.INFO,
    Unit.NONE,
    "How a NodePool of Karpenter is set.",
    ("nodepool", "node_class_kind", "node_class", "consolidation_policy", "consolidate_after"),
)
nodepool_limit = Metric(
    "nodepool_limit",
    Kind.STATE,
    Unit.NONE,
    "The most that a NodePool may hold, by resource; no series: no limit.",
    ("nodepool", "resource"),
)
allowed_disruptions = Metric(
    "nodepool_allowed_disruptions",
    Kind.STATE,
    Unit.NONE,
    "How many more nodes of a NodePool Karpenter may disrupt at this moment, by reason.",
    ("nodepool", "reason"),
)
disruption_eligible = Metric(
    "node_disruption_eligible",
    Kind.STATE,
    Unit.NONE,
    "How many nodes Karpenter could disrupt if budgets let it, by reason; of all pools together.",
    ("reason",),
)
hardware_ready = Metric(
    "node_hardware_ready",
    Kind.STATE,
    Unit.NONE,
    "1 while the node's monitoring agent takes its accelerators for sound, 0 while not.",
    ("node",),
)
reservation_info = Metric(
    "reservation_info",
    Kind.INFO,
    Unit.NONE,
    "A capacity reservation that an EC2NodeClass has found.",
    ("reservation", "node_class", "instance_type", "zone", "kind", "state"),
)
offering_dollars_per_hour = Metric(
    "offering_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What Karpenter estimates that a node of this kind costs; 0 where it does not know.",
    ("instance_type", "capacity_type", "zone"),
)
offering_available = Metric(
    "offering_available",
    Kind.STATE,
    Unit.NONE,
    "1 while Karpenter takes it that a node of this kind can be had, 0 after a launch failed for lack of capacity.",
    ("instance_type", "capacity_type", "zone"),
)
age_seconds = Metric(
    "node_age_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "How long ago the node object was made, when the page was filled: up to some seconds before it was scraped.",
    ("node",),
)
nodepool_usage = Metric(
    "nodepool_usage",
    Kind.STATE,
    Unit.NONE,
    "What the nodes of a NodePool have at this moment, by resource; `nodes` counts them.",
    ("nodepool", "resource"),
)
nodepool_dollars_per_hour = Metric(
    "nodepool_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What a NodePool costs in an hour as it stands, by Karpenter's estimate. No sum of what was spent and no bill:"
    " reserved capacity is in it at about 0, and so is what has no price.",
    ("nodepool",),
)
claims_created_total = Metric(
    "node_claims_created_total",
    Kind.COUNTER,
    Unit.NONE,
    "NodeClaims that Karpenter made, by reason (provisioned, or the disruption that they replace a node for).",
    ("nodepool", "reason"),
)
claims_terminated_total = Metric(
    "node_claims_terminated_total",
    Kind.COUNTER,
    Unit.NONE,
    "NodeClaims that are gone, whoever deleted them.",
    ("nodepool", "capacity_type", "zone"),
)
claims_disrupted_total = Metric(
    "node_claims_disrupted_total",
    Kind.COUNTER,
    Unit.NONE,
    "NodeClaims that Karpenter itself decided to end, by reason; not those that somebody deleted.",
    ("nodepool", "capacity_type", "reason"),
)
interruptions_total = Metric(
    "interruption_messages_total",
    Kind.COUNTER,
    Unit.NONE,
    "Messages of EC2 that Karpenter received: spot interruptions, rebalance recommendations, health events, and state"
    " changes.",
    ("message_type",),
)

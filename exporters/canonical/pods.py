"""Metrics of one pod: where it runs, what it asks for, who owns it, and in which phase it is."""

from exporters.metric import Kind, Metric, Unit

_POD = ("namespace", "pod")
_INCARNATION = (*_POD, "uid")  # a StatefulSet gives the same name to the next pod

pod_info = Metric(
    "pod_info",
    Kind.INFO,
    Unit.NONE,
    "Where a pod runs and who made it.",
    (*_INCARNATION, "node", "pod_ip", "owner_kind", "owner_name"),
)
phase = Metric("pod_phase", Kind.STATE, Unit.NONE, "1 for the phase that the pod is in.", (*_INCARNATION, "phase"))
ready = Metric("pod_ready", Kind.STATE, Unit.NONE, "1 while the pod is Ready.", _POD)
created_seconds = Metric(
    "pod_created_timestamp_seconds", Kind.STATE, Unit.SECONDS, "When the pod object was made, unix time.", _INCARNATION
)
scheduled_seconds = Metric(
    "pod_scheduled_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When the pod was bound to its node, unix time.",
    _INCARNATION,
)
requested = Metric(
    "pod_requested",
    Kind.STATE,
    Unit.NONE,
    "What a container asks for, by resource; kept by kube-state-metrics after the pod has finished.",
    (*_INCARNATION, "container", "node", "resource"),
)
owner_info = Metric("pod_owner_info", Kind.INFO, Unit.NONE, "Owner of a pod.", (*_POD, "owner_kind", "owner_name"))
replicaset_owner_info = Metric(
    "replicaset_owner_info",
    Kind.INFO,
    Unit.NONE,
    "Owner of a ReplicaSet: the workload people know.",
    ("namespace", "replicaset", "owner_kind", "owner_name"),
)
labels_info = Metric(
    "pod_labels_info",
    Kind.INFO,
    Unit.NONE,
    "Labels that say team, and which pods serve one copy of a model together.",
    (*_POD, "team", "group_name", "group_index", "role"),
)
restarts_total = Metric(
    "container_restarts_total", Kind.COUNTER, Unit.NONE, "Restarts of a container.", (*_POD, "container")
)
waiting = Metric(
    "container_waiting", Kind.STATE, Unit.NONE, "1 while a container waits, by reason.", (*_POD, "container", "reason")
)
image_info = Metric(
    "pod_image_info", Kind.INFO, Unit.NONE, "Which image a container runs.", (*_POD, "container", "image")
)
app_labels_info = Metric(
    "pod_app_labels_info",
    Kind.INFO,
    Unit.NONE,
    "Labels by which a selector finds the pods of one application.",
    (*_POD, "app", "app_name", "app_instance", "app_component"),
)
start_seconds = Metric(
    "pod_start_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "From a pod's creation to a step of its cold start: scheduled, image_pulled (the last image), started (the last"
    " container), ready. A step that nobody saw has no series.",
    (*_POD, "step"),
)
image_bytes = Metric("pod_image_bytes", Kind.STATE, Unit.BYTES, "Size of a container's image.", (*_POD, "container"))
image_pull_seconds = Metric(
    "pod_image_pull_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "How long the pull of a container's image took; 0 where the node had it already.",
    (*_POD, "container"),
)
disruption_info = Metric(
    "pod_disruption_info",
    Kind.INFO,
    Unit.NONE,
    "What a pod says to Karpenter that would disrupt its node: `true`, or for how long from its start it must not.",
    (*_POD, "do_not_disrupt"),
)
advice_info = Metric(
    "advice_info",
    Kind.INFO,
    Unit.NONE,
    "The label gpuyield.dev/advice of a pod, or of a namespace (no pod): `off` where no advice is wanted.",
    (*_POD, "advice"),
)

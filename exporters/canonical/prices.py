"""What nodes, reservations and clusters cost at this moment. What has no known price has no series, never a 0."""

from exporters.metric import Kind, Metric, Unit

node_price_dollars_per_hour = Metric(
    "node_price_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What a node costs in an hour, on the basis that was chosen: list (as if on demand) or effective (as it is paid).",
    ("node", "basis", "source"),
)
node_price_age_seconds = Metric(
    "node_price_age_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "How old the price of a node is: since the beginning of the day (UTC) that its source says it is of.",
    ("node",),
)
reservation_dollars_per_hour = Metric(
    "reservation_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What all instances of a running reservation or Capacity Block cost in an hour, used or not.",
    ("reservation", "kind", "instance_type", "zone", "basis", "source"),
)
reservation_accelerators = Metric(
    "reservation_accelerators",
    Kind.STATE,
    Unit.NONE,
    "Accelerators of a running reservation or Capacity Block by state: used (an instance runs in it) or unused.",
    ("reservation", "instance_type", "state"),
)
cluster_fee_dollars_per_hour = Metric(
    "cluster_fee_dollars_per_hour",
    Kind.STATE,
    Unit.DOLLARS,
    "What is paid in an hour beside the nodes, by fee; that of EKS Auto Mode for the accelerator nodes of now.",
    ("fee",),
)

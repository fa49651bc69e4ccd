"""Metrics of the exporter itself: whether its sources answer, and what became of its samples."""

from exporters.metric import Kind, Metric, Unit

source_up = Metric(
    "source_up",
    Kind.STATE,
    Unit.NONE,
    "1 when the last reading of the source succeeded, 0 when it failed.",
    ("source",),
)
source_absent = Metric(
    "source_absent", Kind.STATE, Unit.NONE, "1 while what the source reads does not exist here.", ("source",)
)
source_duration_seconds = Metric(
    "source_duration_seconds", Kind.STATE, Unit.SECONDS, "How long the last reading took.", ("source",)
)
source_last_success_seconds = Metric(
    "source_last_success_timestamp_seconds",
    Kind.STATE,
    Unit.SECONDS,
    "When the source last answered, unix time; the age of what is served of it.",
    ("source",),
)
source_duplicate_samples = Metric(
    "source_duplicate_samples",
    Kind.STATE,
    Unit.NONE,
    "Samples of the last reading that are left out, since a source before it tells of the same series.",
    ("source",),
)
sink_samples_total = Metric(
    "sink_samples_total",
    Kind.COUNTER,
    Unit.NONE,
    "Samples handed to a sink, by what became of them.",
    ("sink", "result"),
)
sink_spooled_bytes = Metric(
    "sink_spooled_bytes", Kind.STATE, Unit.BYTES, "What waits to be sent to a sink, in memory and on disk.", ("sink",)
)
telemetry_dollars_per_month = Metric(
    "telemetry_dollars_per_month",
    Kind.STATE,
    Unit.DOLLARS,
    "What a sink's service charges for what is sent to it, in a month of 730 hours, by the price table in use.",
    ("sink",),
)
sink_series = Metric(
    "sink_series",
    Kind.STATE,
    Unit.NONE,
    "Series of the last hour by result: sent, left_out (over the sink's limit of series).",
    ("sink", "result"),
)

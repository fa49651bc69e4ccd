"""Metrics of what is scraped: which version of it runs."""

from exporters.metric import Kind, Metric, Unit

build_info = Metric(
    "producer_build_info", Kind.INFO, Unit.NONE, "The version that a producer says it is.", ("instance", "version")
)
driver_info = Metric(
    "accelerator_driver_info",
    Kind.INFO,
    Unit.NONE,
    "The version of the driver that a device exporter reads from.",
    ("instance", "version"),
)

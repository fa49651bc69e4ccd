"""Metrics of what is scraped: which version of it runs."""

from exporters.metric import Kind, Metric, Unit

build_info = Metric(
    "producer_build_info", Kind.INFO, Unit.NONE, "The version that a producer says it is.", ("instance", "version")
)

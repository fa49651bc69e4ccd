"""Series that the scraper itself or every client library writes, whatever the target."""

from exporters.canonical import serving, targets
from exporters.upstream.declaration import Family, Upstream

family = Family(
    "prometheus",
    "Prometheus",
    (
        Upstream("up", serving.target_up),
        Upstream("prometheus_build_info", targets.build_info),
        Upstream("process_start_time_seconds", serving.process_started_seconds),
    ),
)

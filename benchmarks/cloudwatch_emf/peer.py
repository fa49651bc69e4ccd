"""The EMF exporter of aws-opentelemetry-distro, run by the Python of an environment that has it: see __main__.py.

It is told on stdin what to export, a line of JSON each minute, and answers with the exporter's own result. Its clock is
the simulation's; all else, its retries too, is as it comes.
"""

from __future__ import annotations

import json
import logging
import sys
import types
from collections import defaultdict
from importlib import import_module
from typing import Any

from opentelemetry.sdk.metrics.export import Gauge, Metric, MetricsData, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

_FOLDER = "amazon.opentelemetry.distro.exporter.aws.metrics"


def _points(told: dict[str, Any]) -> MetricsData:
    by_name: defaultdict[str, list[NumberDataPoint]] = defaultdict(list)
    at = round(told["now"] * 1e9)
    for name, card, value in told["samples"]:
        by_name[name].append(NumberDataPoint({"cluster": "prod", "node": "node-1", "uuid": card}, at, at, value, []))
    metrics = [Metric(name, "", "", Gauge(points)) for name, points in by_name.items()]
    scopes = [ScopeMetrics(InstrumentationScope("benchmark"), metrics, "")]
    return MetricsData([ResourceMetrics(Resource({"service.name": "benchmark"}), scopes, "")])


def main() -> None:
    logging.disable()
    clock = types.SimpleNamespace(now=0.0)
    watch = types.SimpleNamespace(time=lambda: clock.now)
    vars(import_module(f"{_FOLDER}._cloudwatch_log_client"))["time"] = watch
    exporter = import_module(f"{_FOLDER}.aws_cloudwatch_emf_exporter").AwsCloudWatchEmfExporter(
        session=import_module("botocore.session").Session(),
        namespace="benchmark",
        log_group_name="/benchmark/peer",
        log_stream_name="node-1",
        aws_region="us-east-1",
        endpoint_url=sys.argv[1],
    )
    for line in sys.stdin:
        told = json.loads(line)
        clock.now = told["now"]
        try:
            answer = exporter.export(_points(told)).name if told["samples"] else str(exporter.shutdown())
        except Exception as error:  # noqa: BLE001 - what a user's program would meet at its end
            answer = type(error).__name__
        print(answer, flush=True)


if __name__ == "__main__":
    main()

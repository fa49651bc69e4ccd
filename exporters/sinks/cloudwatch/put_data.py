"""Sends metric data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from exporters.agent.clock import Clock
from exporters.sinks.cloudwatch.answers import translated
from exporters.sinks.cloudwatch.client import client
from exporters.sinks.cloudwatch.limits import NEWEST_SECONDS, OLDEST_SECONDS
from exporters.sinks.cloudwatch.metric_data import unpacked
from exporters.sinks.cloudwatch.put_events import TOO_NEW, TOO_OLD, Endpoint


@dataclass(frozen=True, slots=True)
class PutData:
    """One call takes all data or none: what is outside the window of time must not be in it."""

    endpoint: Endpoint
    clock: Clock

    def send(self, body: bytes) -> Mapping[str, int]:
        namespace, data, samples = unpacked(body)
        oldest, newest = self.clock.time() - OLDEST_SECONDS, self.clock.time() + NEWEST_SECONDS
        rejected: Counter[str] = Counter()
        fresh = []
        for datum, count in zip(data, samples, strict=True):
            at = datum["Timestamp"]
            if oldest <= at <= newest:
                fresh.append(datum)
            else:
                rejected[TOO_OLD if at < oldest else TOO_NEW] += count
        if fresh:
            self._put(namespace, fresh)
        return rejected

    def _put(self, namespace: str, data: list[dict[str, object]]) -> None:
        cloudwatch = client("cloudwatch", self.endpoint.region, self.endpoint.url, self.endpoint.answer_seconds)
        with translated("cloudwatch:PutMetricData"):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

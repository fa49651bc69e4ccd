"""Embedded metric format: a log event out of which CloudWatch takes metrics.

A member `_aws` says which members are metrics and which are dimensions. That is version 1, the one that AWS documents;
the CloudWatch agent still writes version 0, which becomes the same metrics.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exporters.sinks.cloudwatch.limits import EMF_METRICS_PER_DIRECTIVE, EMF_VALUES_PER_METRIC, LOG_EVENT_BYTES
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Distribution, Event

_RESOLUTION_SECONDS = 60
_Metric = tuple[str, CloudWatchUnit, Distribution]


def messages(event: Event) -> Iterator[tuple[str, int]]:
    """As few log events as the limits allow, and how many samples end with each."""
    parts = list(_parts([one for metric in event.metrics for one in _split(metric)]))
    for number, part in enumerate(parts):
        yield from _within_size(event, part, event.samples if number == 0 else 0)


def _split(metric: _Metric) -> Iterator[_Metric]:
    """At the number of values that one metric may have."""
    name, unit, values = metric
    for first in range(0, len(values), EMF_VALUES_PER_METRIC):
        yield name, unit, values[first : first + EMF_VALUES_PER_METRIC]


def _parts(metrics: list[_Metric]) -> Iterator[list[_Metric]]:
    """A name stands once in an event, and no event has too many."""
    waiting = metrics
    while waiting:
        part, names, later = list[_Metric](), set[str](), list[_Metric]()
        for metric in waiting:
            if metric[0] in names or len(part) == EMF_METRICS_PER_DIRECTIVE:
                later.append(metric)
            else:
                part.append(metric)
                names.add(metric[0])
        yield part
        waiting = later


def _within_size(event: Event, metrics: list[_Metric], samples: int) -> Iterator[tuple[str, int]]:
    text = _text(event, metrics)
    if len(text.encode()) <= LOG_EVENT_BYTES or len(metrics) == 1:
        yield text, samples
        return
    half = len(metrics) // 2
    yield from _within_size(event, metrics[:half], samples)
    yield from _within_size(event, metrics[half:], 0)


def _text(event: Event, metrics: list[_Metric]) -> str:
    directive = {
        "Namespace": event.namespace,
        "Dimensions": [list(one) for one in event.sets],
        "Metrics": [
            {"Name": name, "Unit": unit.value, "StorageResolution": _RESOLUTION_SECONDS} for name, unit, _ in metrics
        ],
    }
    body: dict[str, Any] = {"_aws": {"Timestamp": event.at * 1000, "CloudWatchMetrics": [directive]}}
    body |= dict(event.fields)
    body |= {name: _value(values) for name, _, values in metrics}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _value(values: Distribution) -> Any:
    """One number, or how often each was seen, as AWS's own exporters write it."""
    if len(values) == 1 and values[0][1] == 1:
        return values[0][0]
    return {
        "Values": [value for value, _ in values],
        "Counts": [count for _, count in values],
        "Max": max(value for value, _ in values),
        "Min": min(value for value, _ in values),
        "Count": sum(count for _, count in values),
        "Sum": sum(value * count for value, count in values),
    }

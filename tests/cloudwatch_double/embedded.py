"""Takes metrics out of log events as CloudWatch does; what is wrong becomes no metric, and is counted like there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.cloudwatch_double.metric_store import UNITS, MetricStore, check_dimensions, check_namespace, check_number
from tests.cloudwatch_double.refusal import ServiceError, check

_METRICS, _VALUES, _DIMENSIONS = 100, 100, 30


@dataclass(slots=True)
class Extraction:
    """`errors` are what the service tells of by the metrics EMFParsingErrors and EMFValidationErrors only."""

    store: MetricStore
    errors: list[str] = field(default_factory=list)

    def take(self, message: str) -> None:
        """Of one log event; a line that is no JSON object, or has no directive, is only a log line."""
        try:
            body = json.loads(message)
        except ValueError as error:
            if message.lstrip().startswith("{"):
                self.errors.append(f"parsing: {error}")
            return
        if not isinstance(body, dict) or not ("_aws" in body or "CloudWatchMetrics" in body):
            return
        try:
            found = list(_metrics(body))
        except ServiceError as error:
            self.errors.append(f"validation: {error}")
            return
        for name, unit, at, values in found:
            self.store.take(name, unit, at, values)


def _metrics(body: dict[str, Any]) -> Iterator[tuple[Any, str, float, dict[float, float]]]:
    """Version 1 has its directives under _aws, version 0 at the root."""
    about = body.get("_aws", body)
    at, directives = about.get("Timestamp"), about.get("CloudWatchMetrics")
    if "_aws" in body:
        check(isinstance(at, int), "Timestamp must be a number of milliseconds")
    check(isinstance(directives, list), "CloudWatchMetrics must be a list")
    for directive in directives:
        yield from _of(directive, body, float(at) / 1000)


def _of(directive: dict[str, Any], body: dict[str, Any], at: float) -> Iterator[Any]:
    check_namespace(directive.get("Namespace", ""))
    metrics, sets = directive.get("Metrics"), directive.get("Dimensions")
    check(isinstance(metrics, list) and len(metrics) <= _METRICS, f"Metrics: a list of {_METRICS} at most")
    check(isinstance(sets, list) and len(sets) > 0, "Dimensions: a list with one set at least")
    assert isinstance(metrics, list)
    assert isinstance(sets, list)
    for one in sets:
        check(isinstance(one, list) and len(one) <= _DIMENSIONS, f"a set has {_DIMENSIONS} dimensions at most")
        check(len(set(one)) == len(one), "a dimension stands twice in a set")
        dimensions = {name: _dimension(body, name) for name in one}
        check_dimensions(dimensions)
        for metric in metrics:
            name = directive["Namespace"], metric["Name"], tuple(sorted(dimensions.items()))
            yield name, *_measured(metric, body, at)


def _measured(metric: dict[str, Any], body: dict[str, Any], at: float) -> tuple[str, float, dict[float, float]]:
    check(0 < len(metric.get("Name", "")) <= 255, "a metric's name has 1 to 255 characters")
    check(metric.get("Unit", "None") in UNITS, f"Unit {metric.get('Unit')} is not known")
    check(metric.get("StorageResolution", 60) in (1, 60), "StorageResolution must be 1 or 60")
    check(metric["Name"] in body, f"{metric['Name']} is no member of the event")
    return metric.get("Unit", "None"), at, _values(body[metric["Name"]])


def _values(target: Any) -> dict[float, float]:
    """A number, a list of them, or the object that AWS's exporters write."""
    if isinstance(target, dict):
        values, counts = target["Values"], target["Counts"]
        check(len(values) == len(counts), "Counts must be as many as Values")
        check(sum(counts) == target["Count"], "Count is not the sum of Counts")
        pairs = list(zip(values, counts, strict=True))
    else:
        pairs = [(value, 1.0) for value in (target if isinstance(target, list) else [target])]
    check(0 < len(pairs) <= _VALUES, f"1 to {_VALUES} values")
    found: dict[float, float] = {}
    for value, count in pairs:
        check_number(value)
        check_number(count)
        found[value] = found.get(value, 0.0) + count
    return found


def _dimension(body: dict[str, Any], name: str) -> str:
    check(isinstance(body.get(name), str), f"dimension {name} must be a text at the root")
    return str(body[name])

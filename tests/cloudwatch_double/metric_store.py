"""Metric data: what PutMetricData takes, what it refuses, and what GetMetricData gives back."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.cloudwatch_double.refusal import ServiceError, check

UNITS = frozenset(
    ["Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"]
    + [f"{scale}{unit}" for unit in ("bytes", "bits") for scale in ("Kilo", "Mega", "Giga", "Tera")]
    + [f"{scale}{unit}/Second" for unit in ("bytes", "bits") for scale in ("Kilo", "Mega", "Giga", "Tera")]
    + ["Bytes", "Bits", "Bytes/Second", "Bits/Second"]
)
_DAY = 86_400
_RANGE = 2.0**360
Dimensions = tuple[tuple[str, str], ...]
Name = tuple[str, str, Dimensions]  # namespace, metric, dimensions sorted


@dataclass(slots=True)
class Point:
    """What one minute of one metric holds: values that percentiles need, and the statistics."""

    values: dict[float, float] = field(default_factory=dict)
    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    def add(self, values: dict[float, float]) -> None:
        for value, count in values.items():
            self.values[value] = self.values.get(value, 0.0) + count
        self.add_statistics(sum(values.values()), sum(v * c for v, c in values.items()), min(values), max(values))

    def add_statistics(self, count: float, total: float, low: float, high: float) -> None:
        self.count += count
        self.total += total
        self.low, self.high = min(self.low, low), max(self.high, high)

    def statistic(self, name: str) -> float:
        match name:
            case "Sum":
                return self.total
            case "SampleCount":
                return self.count
            case "Average":
                return self.total / self.count
            case "Minimum":
                return self.low
            case "Maximum":
                return self.high
        raise ServiceError("InvalidParameterValue", f"{name} is not known here")


class MetricStore:
    """`now` is unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.points: dict[Name, dict[int, Point]] = defaultdict(dict)
        self.units: dict[Name, str] = {}

    def put_metric_data(self, request: dict[str, Any]) -> dict[str, Any]:
        """All or nothing."""
        namespace, data = request.get("Namespace", ""), request.get("MetricData") or []
        check_namespace(namespace)
        check(bool(data), "The parameter MetricData is required.", "MissingParameter")
        check(len(data) <= 1000, f"The collection MetricData must not have a size greater than 1000, not {len(data)}.")
        for datum in data:
            self._check(datum)
        for datum in data:
            self._put(namespace, datum)
        return {}

    def take(self, name: Name, unit: str, at: float, values: dict[float, float]) -> None:
        """Values of a log event."""
        self._point(name, unit, at).add(values)

    def get_metric_data(self, request: dict[str, Any]) -> dict[str, Any]:
        """MetricStat queries only; in one page, newest first as the service does."""
        queries = request["MetricDataQueries"]
        check(len(queries) <= 500, "more than 500 queries")
        ids = [query["Id"] for query in queries]
        check(len(set(ids)) == len(ids), "ids must be unique", "ValidationError")
        span = _seconds(request["StartTime"]), _seconds(request["EndTime"])
        oldest_first = request.get("ScanBy") == "TimestampAscending"
        return {"MetricDataResults": [self._result(query, *span, oldest_first) for query in queries], "Messages": []}

    def _result(self, query: dict[str, Any], start: float, end: float, oldest_first: bool) -> dict[str, Any]:
        check("MetricStat" in query, "only MetricStat is answered here", "ValidationError")
        stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
        dimensions = tuple(sorted((one["Name"], one["Value"]) for one in metric.get("Dimensions", ())))
        merged: dict[int, Point] = {}
        for at, point in self.points.get((metric["Namespace"], metric["MetricName"], dimensions), {}).items():
            if start <= at < end:
                whole = merged.setdefault(at - at % stat["Period"], Point())
                whole.add_statistics(point.count, point.total, point.low, point.high)
        found = sorted(merged.items(), reverse=not oldest_first)
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [datetime.fromtimestamp(at, UTC) for at, _ in found],
            "Values": [point.statistic(stat["Stat"]) for _, point in found],
            "StatusCode": "Complete",
        }

    def _put(self, namespace: str, datum: dict[str, Any]) -> None:
        dimensions = tuple(sorted((one["Name"], one["Value"]) for one in datum.get("Dimensions") or ()))
        name = namespace, datum["MetricName"], dimensions
        at = _seconds(datum["Timestamp"]) if "Timestamp" in datum else self._now()
        point = self._point(name, datum.get("Unit", "None"), at)
        if "StatisticValues" in datum:
            one = datum["StatisticValues"]
            point.add_statistics(one["SampleCount"], one["Sum"], one["Minimum"], one["Maximum"])
            if one["Minimum"] == one["Maximum"]:
                value = one["Minimum"]
                point.values[value] = point.values.get(value, 0.0) + one["SampleCount"]
        elif "Values" in datum:
            counts = datum.get("Counts") or [1.0] * len(datum["Values"])
            point.add(dict(zip(datum["Values"], counts, strict=True)))
        else:
            point.add({datum["Value"]: 1.0})

    def _point(self, name: Name, unit: str, at: float) -> Point:
        self.units[name] = unit
        return self.points[name].setdefault(int(at // 60 * 60), Point())

    def _check(self, datum: dict[str, Any]) -> None:
        check(0 < len(datum.get("MetricName", "")) <= 255, "MetricName must have 1 to 255 characters")
        check(datum.get("Unit", "None") in UNITS, f"Unit {datum.get('Unit')} is not known")
        check(datum.get("StorageResolution", 60) in (1, 60), "StorageResolution must be 1 or 60")
        check_dimensions({one["Name"]: one["Value"] for one in datum.get("Dimensions") or ()})
        self._check_time(_seconds(datum["Timestamp"]) if "Timestamp" in datum else self._now())
        kinds = {"Value", "Values", "StatisticValues"} & datum.keys()
        check(len(kinds) == 1, f"one of Value, Values, StatisticValues, not {kinds}", "InvalidParameterCombination")
        values, counts = datum.get("Values") or [], datum.get("Counts")
        check(len(values) <= 150, f"{len(values)} values, 150 are the most")
        check(len(set(values)) == len(values), "a value stands twice in Values")
        check(counts is None or len(counts) == len(values), "Counts must be as many as Values")
        check("Values" not in datum or bool(values), "Values is empty")
        numbers = [*values, *(counts or ()), *(datum.get("StatisticValues") or {}).values()]
        for number in [*numbers, *([datum["Value"]] if "Value" in datum else [])]:
            check_number(number)

    def _check_time(self, at: float) -> None:
        now = self._now()
        check(at >= now - 14 * _DAY, "the timestamp is more than two weeks old")
        check(at <= now + 7_200, "the timestamp is more than two hours ahead")


def check_number(value: object) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    check(is_number and math.isfinite(value) and abs(value) <= _RANGE, f"{value!r} is no value")  # type: ignore[arg-type]


def check_namespace(namespace: str) -> None:
    check(0 < len(namespace) <= 255 and not namespace.startswith(":"), "the namespace must have 1 to 255 characters")
    check(not namespace.startswith("AWS/"), "namespaces that begin with AWS/ are AWS's own")


def check_dimensions(dimensions: dict[str, str]) -> None:
    check(len(dimensions) <= 30, f"{len(dimensions)} dimensions, 30 are the most")
    for name, value in dimensions.items():
        check(0 < len(name) <= 255 and not name.startswith(":"), f"dimension {name!r}: 1 to 255 characters")
        check(0 < len(value) <= 1024 and value.strip() != "", f"the value of {name!r}: 1 to 1024 characters, not blank")
        check((name + value).isascii(), f"dimension {name!r}: ASCII only")


def _seconds(when: Any) -> float:
    return when.timestamp() if isinstance(when, datetime) else float(when)

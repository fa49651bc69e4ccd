"""Requests of PutMetricData: a datum for each metric and dimension set, within every limit of one request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exporters.sinks.cloudwatch.limits import DATA_PER_REQUEST, REQUEST_BYTES, VALUES_PER_DATUM
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Distribution, Event
from exporters.sinks.delivery.batch import Batch

# A number is up to 9 bytes in CBOR, which may be more than its digits.
_NUMBER_BYTES = 9
Datum = dict[str, Any]


def data_batches(events: list[Event]) -> Iterator[tuple[Batch, int]]:
    """One namespace each; with the bytes of the request."""
    for namespace in dict.fromkeys(event.namespace for event in events):
        yield from _of(namespace, [event for event in events if event.namespace == namespace])


def unpacked(body: bytes) -> tuple[str, list[Datum], list[int]]:
    """Namespace, data, and how many samples end with each datum."""
    found = json.loads(body)
    return found["namespace"], found["data"], found["samples"]


def packed(namespace: str, data: list[Datum], samples: list[int]) -> bytes:
    whole = {"namespace": namespace, "data": data, "samples": samples}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False).encode()


def size_of(datum: Datum) -> int:
    """Not less than what it takes on the wire."""
    numbers = len(datum.get("Values", ())) + len(datum.get("Counts", ())) + 4
    return len(json.dumps(datum, separators=(",", ":")).encode()) + _NUMBER_BYTES * numbers


def _of(namespace: str, events: list[Event]) -> Iterator[tuple[Batch, int]]:
    data, samples, size, oldest = list[Datum](), list[int](), 0, 0
    for at, datum, count in _data(events):
        own = size_of(datum)
        if data and (len(data) == DATA_PER_REQUEST or size + own > REQUEST_BYTES):
            yield Batch(packed(namespace, data, samples), sum(samples), oldest), size
            data, samples, size = [], [], 0
        oldest = min(oldest, at) if data else at
        data.append(datum)
        samples.append(count)
        size += own
    if data:
        yield Batch(packed(namespace, data, samples), sum(samples), oldest), size


def _data(events: list[Event]) -> Iterator[tuple[int, Datum, int]]:
    for event in sorted(events, key=lambda one: one.at):
        fields, samples = dict(event.fields), event.samples
        for set_ in event.sets:
            dimensions = [{"Name": name, "Value": fields[name]} for name in set_]
            for name, unit, values in event.metrics:
                for part in _parts(values):
                    yield event.at, _datum(event.at, name, unit, dimensions, part), samples
                    samples = 0


def _parts(values: Distribution) -> Iterator[Distribution]:
    for first in range(0, len(values), VALUES_PER_DATUM):
        yield values[first : first + VALUES_PER_DATUM]


def _datum(at: int, name: str, unit: CloudWatchUnit, dimensions: list[Datum], values: Distribution) -> Datum:
    """One number is told as a statistic set: it is the shortest that can say what was seen once."""
    datum: Datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Unit": unit.value}
    if len(values) == 1:
        value, count = values[0]
        statistics = {"SampleCount": count, "Sum": value * count, "Minimum": value, "Maximum": value}
        return datum | {"StatisticValues": statistics}
    return datum | {"Values": [value for value, _ in values], "Counts": [count for _, count in values]}

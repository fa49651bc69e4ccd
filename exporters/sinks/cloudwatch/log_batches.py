"""Requests of PutLogEvents: events in the order of time, within every limit of one request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from exporters.sinks.cloudwatch.emf import messages
from exporters.sinks.cloudwatch.limits import (
    LOG_BATCH_BYTES,
    LOG_BATCH_EVENTS,
    LOG_BATCH_SPAN_SECONDS,
    LOG_EVENT_OVERHEAD_BYTES,
)
from exporters.sinks.cloudwatch.measure import Event
from exporters.sinks.delivery.batch import Batch


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One line of a log stream. `at` in milliseconds, as the API has it."""

    at: int
    message: str
    samples: int

    @property
    def charged_bytes(self) -> int:
        return len(self.message.encode()) + LOG_EVENT_OVERHEAD_BYTES


def log_batches(events: list[Event]) -> Iterator[tuple[Batch, int]]:
    """Each with the bytes that it is charged for."""
    lines = [
        LogEvent(event.at * 1000, message, samples)
        for event in sorted(events, key=lambda one: one.at)
        for message, samples in messages(event)
    ]
    batch, size = list[LogEvent](), 0
    for line in lines:
        own = line.charged_bytes
        is_full = len(batch) == LOG_BATCH_EVENTS or size + own > LOG_BATCH_BYTES
        if batch and (is_full or line.at - batch[0].at >= LOG_BATCH_SPAN_SECONDS * 1000):
            yield packed(batch), size
            batch, size = [], 0
        batch.append(line)
        size += own
    if batch:
        yield packed(batch), size


def packed(lines: list[LogEvent]) -> Batch:
    body = json.dumps([[line.at, line.message, line.samples] for line in lines], ensure_ascii=False)
    return Batch(body.encode(), sum(line.samples for line in lines), lines[0].at / 1000)


def unpacked(body: bytes) -> list[LogEvent]:
    return [LogEvent(*line) for line in json.loads(body)]

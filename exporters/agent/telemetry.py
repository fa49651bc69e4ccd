"""What the agent tells of its own sources: whether they answer, how fast, and how old their word is."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.agent.reading import Reading, State
from exporters.canonical import telemetry
from exporters.metric import Sample


def about_source(source: str, reading: Reading, duplicates: int, now: float) -> Iterator[Sample]:
    """An absent source is neither up nor down; one that nobody has read yet says nothing at all."""
    if reading.state is State.WAITING:
        return
    is_absent = reading.state is State.ABSENT
    yield telemetry.source_absent.sample(is_absent, now, source=source)
    if not is_absent:
        yield telemetry.source_up.sample(reading.state is State.UP, now, source=source)
    if reading.duration_seconds is not None:
        yield telemetry.source_duration_seconds.sample(reading.duration_seconds, now, source=source)
    if reading.answered_at is not None:
        yield telemetry.source_last_success_seconds.sample(reading.answered_at, now, source=source)
    if reading.samples:
        yield telemetry.source_duplicate_samples.sample(duplicates, now, source=source)

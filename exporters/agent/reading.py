"""What one source last said, and how it does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exporters.metric import Sample


class State(StrEnum):
    """How a source does."""

    WAITING = "waiting"  # it was not asked yet
    UP = "up"
    FAILED = "failed"
    ABSENT = "absent"  # what it reads does not exist here
    OVERDUE = "overdue"  # a reading takes too long: unknown
    MISSING = "missing"  # it was here and is not found any more


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one source. `order`: the lower one wins where two tell of the same series."""

    order: int
    state: State = State.WAITING
    samples: tuple[Sample, ...] = ()
    answered_at: float | None = None  # unix seconds; None: it never answered
    duration_seconds: float | None = None  # of the last reading that ended

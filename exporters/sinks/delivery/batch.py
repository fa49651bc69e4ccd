"""What travels to a service, and what the service can answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from exporters.metric import Sample


@dataclass(frozen=True, slots=True)
class Batch:
    """One request. `samples` is how many of those offered are in it; `at` is the time of the oldest, unix seconds."""

    body: bytes
    samples: int
    at: float


@dataclass(frozen=True, slots=True)
class Encoded:
    """What has become ready to travel, and how many samples will not, by reason."""

    batches: Sequence[Batch] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


class Later(Exception):
    """The service did not take the batch now; `after_seconds` where it said when to come again."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.after_seconds = after_seconds


class Refused(Exception):
    """The service will never take the batch. `reason` is one word, for a label."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Encoder(Protocol):
    """Makes batches of samples. It may hold some back, until a period is over."""

    def add(self, samples: Sequence[Sample], now: float) -> Encoded:
        """Takes these in; what has become ready."""

    def flush(self, now: float) -> Encoded:
        """All that was held back."""

    @property
    def held(self) -> int:
        """How many samples were taken in and are in no batch yet."""


class Transport(Protocol):
    """Sends one batch, within a time limit of its own."""

    def send(self, body: bytes) -> Mapping[str, int]:
        """Samples that the service rejected, by reason; it accepted the rest. Raises `Later` or `Refused`."""


def samples_in(batches: Iterable[Batch]) -> int:
    return sum(batch.samples for batch in batches)

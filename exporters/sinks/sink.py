"""What a sink is that is sent samples, at its own pace: a collector, a cloud's API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from exporters.metric import Sample
from exporters.source import GpuyieldError


class SinkFailed(GpuyieldError):
    """The sink did not take what it was sent."""


class PushSink(Protocol):
    """Takes samples over."""

    @property
    def name(self) -> str:
        """What it is called in telemetry: otlp, cloudwatch."""

    def send(self, samples: Sequence[Sample]) -> None:
        """Sends all of them, or raises `SinkFailed`; may take as long as it wants."""


@runtime_checkable
class KeepingSink(PushSink, Protocol):
    """A sink that keeps what it could not send yet, and counts for itself what became of each sample."""

    def about(self, now: float) -> Iterable[Sample]:
        """How it does, for the page and for itself."""

    @property
    def trouble(self) -> str:
        """Why the last attempt failed; "" while it goes well."""

    def close(self, seconds: float) -> None:
        """Sends what it still has, for so long at most; what is left stays in its spool, or is counted as dropped."""

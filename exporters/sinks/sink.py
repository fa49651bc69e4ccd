"""What a sink is that is sent samples, at its own pace: a collector, a cloud's API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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

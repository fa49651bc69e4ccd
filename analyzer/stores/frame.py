"""The tidy frame that every store answers with (DESIGN 13), and the question it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from analyzer.window import Window
from exporters.metric import Metric

SAMPLES_SCHEMA = pa.schema(
    [("series", pa.int32()), ("at", pa.timestamp("us", tz="UTC")), ("value", pa.float64())],
)


@dataclass(frozen=True, slots=True)
class Frame:
    """One canonical metric over one window.

    `samples`: series (int32), at (timestamp us UTC), value (float64; NaN = the series ended here, a stale marker),
    sorted by series and time, no two alike. `series`: series, cluster, the metric's labels (text, empty where
    nobody set them), upstream (the name that answered), producer, interval_seconds (median spacing).
    """

    samples: pa.Table
    series: pa.Table


@dataclass(frozen=True, slots=True)
class Question:
    """One metric over one window; `part` is bucket, sum or count of a histogram, else empty."""

    metric: Metric
    window: Window
    part: str = ""


class Store(Protocol):
    """Anything that keeps samples."""

    @property
    def description(self) -> str:
        """How reports name it, without secrets."""

    @property
    def remarks(self) -> list[str]:
        """What a reader of the report must know of how it was read."""

    def extent(self) -> Window | None:
        """First to last sample, widened to cells; nothing when it is empty."""

    def expect(self, questions: Sequence[Question]) -> None:
        """Hears what will be read, so that a store far away can fetch it in one go."""

    def read(self, question: Question) -> Frame:
        """The answer to one question."""

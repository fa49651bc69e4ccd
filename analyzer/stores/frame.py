"""The tidy frame that every store answers with (DESIGN 13), and the question it answers."""

from __future__ import annotations

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


class Store(Protocol):
    """Anything that keeps samples."""

    @property
    def description(self) -> str:
        """How reports name it, without secrets."""

    def extent(self) -> Window | None:
        """First to last sample, widened to cells; nothing when it is empty."""

    def read(self, metric: Metric, window: Window, part: str = "") -> Frame:
        """One metric; `part` is bucket, sum or count of a histogram."""

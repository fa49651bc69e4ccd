"""Gives a native histogram the shape of a classic one: `_bucket` series with `le`, `_count` and `_sum`.

The ledger then knows one kind of histogram. Exponential buckets come and go with what was observed, so two reads of
one series may differ in their bounds; a bound that one read has is there in all samples of that read.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from analyzer.stores.prometheus.points import Points
from exporters.recording.stale import STALE
from exporters.series import Series

_STALE_BITS = struct.pack(">d", STALE)


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """One native histogram at `at`, unix milliseconds.

    `bounds` are upper bounds, ascending; `counts` belong to one bucket each and are not cumulative. What is above the
    last bound is in `count` alone. A stale marker has its bits in `sum`, and no buckets.
    """

    at: int
    count: float
    sum: float
    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def ends(self) -> bool:
        """Whether this is a stale marker."""
        return is_stale(self.sum)


def is_stale(value: float) -> bool:
    """Whether these are the bits of a stale marker; an ordinary NaN is not."""
    return math.isnan(value) and struct.pack(">d", value) == _STALE_BITS


def as_classic(series: Series, samples: Sequence[HistogramSample]) -> Points:
    """All series that a classic histogram of this name would have, with one point for each sample.

    A bound that a sample lacks is an empty bucket and gets the count up to there.
    """
    bounds = sorted({bound for sample in samples for bound in sample.bounds} | {math.inf})
    table = np.vstack(
        (
            _cumulative(bounds, samples),
            [sample.count for sample in samples],
            [sample.sum for sample in samples],
        )
    )
    table[:, [sample.ends for sample in samples]] = STALE
    at = np.array([sample.at for sample in samples], np.int64)
    which = np.repeat(np.arange(len(table), dtype=np.int32), len(samples))
    return Points(_names(series, bounds), which, np.tile(at, len(table)), table.ravel())


def le_text(bound: float) -> str:
    """A bound as Prometheus 3 spells it in `le`."""
    if math.isinf(bound):
        return "+Inf" if bound > 0 else "-Inf"
    text = repr(bound)
    if 1e6 <= abs(bound) < 1e16:  # Go turns to exponents earlier than Python
        digits = len(Decimal(text).normalize().as_tuple().digits)
        return f"{bound:.{digits - 1}e}"
    return text


def _names(series: Series, bounds: Sequence[float]) -> tuple[Series, ...]:
    own = [(label, value) for label, value in series.labels if label != "le"]
    buckets = (Series.of(f"{series.name}_bucket", [*own, ("le", le_text(bound))]) for bound in bounds)
    return (*buckets, Series.of(f"{series.name}_count", own), Series.of(f"{series.name}_sum", own))


def _cumulative(bounds: Sequence[float], samples: Sequence[HistogramSample]) -> npt.NDArray[np.float64]:
    """One row per bound, one column per sample. The last bound is infinite and holds all."""
    rows = {bound: row for row, bound in enumerate(bounds)}
    table = np.zeros((len(bounds), len(samples)))
    for column, sample in enumerate(samples):
        table[[rows[bound] for bound in sample.bounds], column] = sample.counts
    table = np.cumsum(table, axis=0)
    table[-1] = [sample.count for sample in samples]
    return table

"""Raw samples on their way from a server into a store: parallel columns, many series at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from analyzer.stores.prometheus.selector import Selector
from exporters.series import Series


@dataclass(frozen=True, slots=True)
class Points:
    """Samples of `series`. The columns run in parallel and need not be sorted.

    `which` (int32) is the place in `series`, `at` (int64) unix milliseconds, `values` (float64); a stale marker keeps
    the bits of `exporters.recording.stale.STALE`.
    """

    series: tuple[Series, ...]
    which: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)


class Reader(Protocol):
    """One way to get raw samples out of a server."""

    def read(self, selector: Selector, start: int, end: int) -> Iterator[Points]:
        """All samples from `start` to `end`, unix milliseconds, both included, in batches that fit into memory.

        Each sample comes once; a series may come in several batches. Raises the errors of `errors`; after one of
        them nothing that came before may be taken as whole.
        """

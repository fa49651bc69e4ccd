"""The page read last, line by line: on a repeated scrape most lines are the same bytes and need no reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from operator import ne

from exporters.pages.number import numbers
from exporters.series import Series


class LastPage:
    """Holds for pages without timestamps and without notes, whose layout did not change; else it knows nothing."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._sample_of: list[int] = []  # by line; -1 is a comment
        self._series: list[Series] = []
        self._values: list[float] = []

    def remember(self, lines: list[str], other_lines: Sequence[int], series: list[Series], values: list[float]) -> None:
        """`other_lines`: the indices of lines that are no samples."""
        self._lines, self._series, self._values = lines, series.copy(), values.copy()
        self._sample_of = []
        start = 0
        for index in other_lines:
            first = len(self._sample_of) - start
            self._sample_of += [*range(first, first + index - len(self._sample_of)), -1]
            start += 1
        first = len(self._sample_of) - start
        self._sample_of += range(first, first + len(lines) - len(self._sample_of))

    def forget(self) -> None:
        self._lines = []

    def read(self, lines: list[str], known: Mapping[str, Series]) -> tuple[list[Series], list[float]] | None:
        """The page's series and values, or None where it must be read in full.

        A changed line is taken only where its text is known to be the series that stood there.
        """
        if not self._lines or len(lines) != len(self._lines):
            return None
        changed = []
        figures = []
        for index in compress(range(len(lines)), map(ne, lines, self._lines)):
            text, _, figure = lines[index].rpartition(" ")
            sample = self._sample_of[index]
            if sample < 0 or known.get(text) is not self._series[sample]:
                return None
            changed.append(sample)
            figures.append(figure)
        values = numbers(figures)
        if values is None:
            return None
        for sample, value in zip(changed, values, strict=True):
            self._values[sample] = value
        self._lines = lines
        return self._series.copy(), self._values.copy()

"""The series of one target by the text that stood for them, so that a text is read only once.

Two generations: a text seen again moves to the young one; when that is full the old one is dropped and the young one
takes its place. A text that was not seen between two such turns is gone, and the cache never exceeds its bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from exporters.series import Series

LABEL_VALUE_MAX = 4096


class SeriesCache:
    """`young` is public for the reader's inner loop: a plain dictionary look-up, without a call."""

    def __init__(self, extra_labels: Mapping[str, str], bound: int) -> None:
        self.young: dict[str, Series] = {}
        self._old: dict[str, Series] = {}
        self._half = max(bound // 2, 1)
        self._extra = {label: value for label, value in extra_labels.items() if value}

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def get(self, text: str) -> Series | None:
        """The series of that text; moves it to the young generation."""
        series = self.young.get(text)
        if series is None and (series := self._old.pop(text, None)) is not None:
            self.put(text, series)
        return series

    def put(self, text: str, series: Series) -> None:
        """The young dictionary stays the same object, so a reader may hold on to it."""
        if len(self.young) >= self._half:
            self._old = self.young.copy()
            self.young.clear()
        self.young[text] = series

    def series(self, name: str, labels: Mapping[str, str]) -> tuple[Series, bool]:
        """The series with the target's labels, and whether a value was cut because it is over-long."""
        merged = self._merged(labels) if self._extra else labels
        if all(len(value) <= LABEL_VALUE_MAX for value in labels.values()):
            return Series.of(name, merged.items()), False
        return Series.of(name, ((label, _cut(value)) for label, value in merged.items())), True

    def _merged(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The target's label wins; the page's own is kept with `exported_` before it, as often as it takes."""
        merged = {label: value for label, value in labels.items() if value and label not in self._extra}
        for label, value in labels.items():
            if label in self._extra and value:
                kept = "exported_" + label
                while kept in merged or kept in self._extra:
                    kept = "exported_" + kept
                merged[kept] = value
        return merged | self._extra


def _cut(value: str) -> str:
    """Two long values stay two: what was cut off is stood for by its hash."""
    if len(value) <= LABEL_VALUE_MAX:
        return value
    rest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{value[: LABEL_VALUE_MAX - 17]}~{rest}"

"""Says which series a text is, if it is one from its first letter to its last; each text is read once."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan, nan

from exporters.pages.parser import Format, PageParser
from exporters.series import Series

_TEXTS_KEPT = 200_000


class WholeSeries:
    """The series of one or more files by the text before value and timestamp. `labels` are given to each."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels
        self._parser = PageParser(labels)
        self._known: dict[bytes, Series | None] = {}

    def of(self, text: bytes) -> Series | None:
        """None where the text is no series, has something after it, or is not taken without a note."""
        if text not in self._known:
            if len(self._known) >= _TEXTS_KEPT:
                self._known.clear()
            self._known[text] = self._read(text)
        return self._known[text]

    def _read(self, text: bytes) -> Series | None:
        """Reads the text with a 0 after it. Were it more than a series, the 0 would be a timestamp or an error.

        A text with an exemplar in it is left alone: there the 0 could be the exemplar's own timestamp.
        """
        if b" # " in text:
            return None
        page = self._parser.parse(text + b" 0\n", nan, Format.TEXT)
        if len(page.series) != 1 or page.notes or page.values[0] != 0 or not isnan(page.at[0]):
            return None
        return page.series[0]

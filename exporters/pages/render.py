"""Writes exposition pages. The text before a value is made once per series."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from exporters.pages.body import Format
from exporters.pages.escape import escape
from exporters.pages.header import Headers, needs_quotes, quoted
from exporters.series import Series

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
PREFIXES_KEPT = 200_000


class PageRenderer:
    """Keeps the text of each series it has written; forgets all of them when there are too many."""

    def __init__(self, prefixes_kept: int = PREFIXES_KEPT) -> None:
        self._prefixes: dict[int, str] = {}
        self._bound = prefixes_kept

    def render(
        self,
        samples: Sequence[tuple[Series, float]],
        types: Mapping[str, str],
        helps: Mapping[str, str],
        format: Format = Format.TEXT,  # noqa: A002
    ) -> bytes:
        """The page. Samples of a family stand together; types and helps are by family name, as on a read page."""
        headers = Headers(types, helps, format)
        known = self._prefixes.get
        pieces: list[str] = []
        current = None
        for (series, _), value in zip(samples, _values(value for _, value in samples), strict=True):
            if series.name != current:
                current = series.name
                pieces.append(headers.above(current))
            pieces.append(known(series.key) or self._prefix(series))
            pieces.append(value)
        if format is Format.OPENMETRICS:
            pieces.append("# EOF\n")
        return "".join(pieces).encode(errors="replace")

    def _prefix(self, series: Series) -> str:
        if len(self._prefixes) >= self._bound:
            self._prefixes.clear()
        text = self._prefixes[series.key] = prefix(series)
        return text


def prefix(series: Series) -> str:
    """The series as it stands before its value, the space included."""
    labels = [
        f'{label if _LABEL.fullmatch(label) else quoted(label)}="{escape(value)}"' for label, value in series.labels
    ]
    if needs_quotes(series.name):
        return f"{{{','.join([quoted(series.name), *labels])}}} "
    return f"{series.name}{{{','.join(labels)}}} " if labels else f"{series.name} "


def _values(values: Iterable[float]) -> list[str]:
    """The shortest texts that read back as the same numbers, each with its line end."""
    text = "\n".join(chain(map(repr, map(float, values)), ("",))).replace(".0\n", "\n")
    if "n" in text:
        text = text.replace("-inf", "-Inf").replace("inf", "+Inf").replace("nan", "NaN")
    return text.splitlines(keepends=True)

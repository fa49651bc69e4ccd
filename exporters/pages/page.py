"""What was read from one exposition page: series, values, times, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.series import Series

NOTES_KEPT = 1000
_EXCERPT = 120

# What a family of that type may append to its name; the value says how the appended series is to be read.
_SUFFIXES = {
    "_bucket": {"histogram": "histogram", "gaugehistogram": "gaugehistogram"},
    "_sum": {"histogram": "histogram", "summary": "summary"},
    "_count": {"histogram": "histogram", "summary": "summary"},
    "_gsum": {"gaugehistogram": "gaugehistogram"},
    "_gcount": {"gaugehistogram": "gaugehistogram"},
    "_total": {"counter": "counter"},
    "_info": {"info": "info"},
    "_created": {"counter": "gauge", "histogram": "gauge", "summary": "gauge"},
}


def family_of(name: str, types: Mapping[str, str]) -> tuple[str, str]:
    """The family a series belongs to and how the series is to be read; (name, "unknown") where nothing says.

    The longest name wins: `x_total_bucket` of the histogram `x_total` is a bucket and never a counter.
    """
    if name in types:
        return name, types[name]
    stem, underscore, tail = name.rpartition("_")
    kind = _SUFFIXES.get(underscore + tail, {}).get(types.get(stem, ""))
    return (stem, kind) if kind else (name, "unknown")


@dataclass(frozen=True, slots=True)
class Note:
    """Something on a page that was not taken as it stood.

    Kinds: malformed, duplicate, truncated, native-histogram, out-of-order, long-label, long-line, utf-8, after-eof.
    """

    line: int
    kind: str
    text: str


@dataclass(slots=True)
class Page:
    """One page. `series`, `values` and `at` are parallel, in the page's order.

    `types` and `helps` are by family name as on the page. `complete` is false where the page may have been cut: a
    last line without newline, or OpenMetrics without `# EOF`.
    """

    series: list[Series]
    values: list[float]
    at: list[float]
    notes: list[Note]
    types: dict[str, str]
    helps: dict[str, str]
    complete: bool
    more_notes: int = 0

    def type_of(self, name: str) -> str:
        """How the series of that name are to be read; a `_created` series is a gauge."""
        return family_of(name, self.types)[1]


@dataclass(slots=True)
class Notes:
    """Keeps the first notes and counts the others."""

    kept: list[Note] = field(default_factory=list)
    more: int = 0

    def add(self, line: int, kind: str, why: str, excerpt: str = "") -> None:
        if len(self.kept) >= NOTES_KEPT:
            self.more += 1
            return
        shown = excerpt if len(excerpt) <= _EXCERPT else excerpt[:_EXCERPT] + "..."
        self.kept.append(Note(line, kind, f"{why}: {shown}" if shown else why))

"""One sample line read by the letter: `name{label="value",...} figure [timestamp] [# {exemplar}]`.

Both formats are read alike, as generously as Prometheus's text parser reads spaces and tabs. An exemplar is not used,
hence not judged: after `# {` anything may follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from sys import intern

from exporters.pages.escape import unescape
from exporters.source import GpuyieldError

_TEXT = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_HEAD = re.compile(r"[ \t]*+([a-zA-Z_:][a-zA-Z0-9_:]*+)?([ \t]*+\{)?")
_LABEL = re.compile(
    rf"[ \t]*+(?:([a-zA-Z_][a-zA-Z0-9_]*+)[ \t]*+=[ \t]*+{_TEXT}|{_TEXT}(?:[ \t]*+=[ \t]*+{_TEXT})?)[ \t]*+([,}}])",
    re.DOTALL,
)
_END = re.compile(r"[ \t]*+\}")
_FIGURES = re.compile(r"([ \t]*+)([^ \t]++)(?:[ \t]++([^ \t#][^ \t]*+))?[ \t]*+(?:#[ \t]*+\{.*+)?", re.DOTALL)
_NATIVE = re.compile(r'[ \t]*+"?[a-z_]++"?[ \t]*+:')


class Malformed(GpuyieldError):
    """A line that is not a sample; the text says why."""


class NativeHistogram(Malformed):
    """A line whose value is an object: a native histogram, which has no single figure."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sample as written. `text` is everything before the figure's white space; `stamp` is "" where none stands."""

    name: str
    labels: dict[str, str]
    text: str
    figure: str
    stamp: str


def read_line(line: str) -> Line:
    """Raises `Malformed`, or `NativeHistogram`."""
    head = _HEAD.match(line)
    assert head is not None  # every part of it is optional
    name: str | None = head[1]
    labels: dict[str, str] = {}
    end = head.end()
    if head[2]:
        end, name = _read_labels(line, end, name, labels)
    if not name:
        raise Malformed("no metric name")
    figures = _FIGURES.fullmatch(line, end)
    if figures is None or not (figures[1] or head[2]):
        raise Malformed("a figure, and perhaps a timestamp, must follow the series")
    if figures[2].startswith("{"):
        raise NativeHistogram("a native histogram is not read")
    return Line(intern(name), labels, line[:end], figures[2], figures[3] or "")


def _read_labels(line: str, start: int, name: str | None, labels: dict[str, str]) -> tuple[int, str | None]:
    """Fills `labels`; answers where the braces end, and the name, which may stand inside as a quoted text."""
    at = start
    if empty := _END.match(line, at):
        return empty.end(), name
    while True:
        found = _LABEL.match(line, at)
        if found is None:
            if at == start and _NATIVE.match(line, at):
                raise NativeHistogram("a native histogram is not read")
            raise Malformed("labels cannot be read")
        bare, value, quoted, quoted_value, separator = found.groups()
        if bare is None and quoted_value is None:
            if name is not None:
                raise Malformed("two metric names")
            name = unescape(quoted)
        else:
            _put(labels, bare or unescape(quoted), value if bare else quoted_value)
        at = found.end()
        if separator == "}":
            return at, name
        if closed := _END.match(line, at):
            return closed.end(), name


def _put(labels: dict[str, str], label: str, value: str) -> None:
    if label in labels:
        raise Malformed(f"label {label} stands twice")
    if label in ("", "__name__"):
        raise Malformed(f"a label cannot be called {label!r}")
    labels[intern(label)] = intern(unescape(value))  # the same few texts stand in thousands of series

"""The `# HELP` and `# TYPE` lines above a family, in the words of each format.

OpenMetrics names a counter without `_total` and an info without `_info`; the text format knows neither info nor
stateset, and lists what has no place in its types as gauges of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from exporters.pages.body import Format
from exporters.pages.escape import escape, escape_help
from exporters.pages.page import family_of

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_TEXT_TYPES = {"info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram", "unknown": "untyped"}
_OWN_GAUGES = ("_created", "_gsum", "_gcount")
_ENDINGS = {"counter": "_total", "info": "_info"}


def quoted(name: str) -> str:
    return f'"{escape(name)}"'


def needs_quotes(name: str) -> bool:
    return _METRIC.fullmatch(name) is None


class Headers:
    """Of one page: each family is announced once, above its first series."""

    def __init__(self, types: Mapping[str, str], helps: Mapping[str, str], format: Format) -> None:  # noqa: A002
        self._types = types
        self._helps = helps
        self._openmetrics = format is Format.OPENMETRICS
        self._written: set[str] = set()

    def above(self, name: str) -> str:
        """The lines to write before a series of that name; "" where they stand already or there is nothing to say."""
        family, kind = family_of(name, self._types)
        shown, shown_kind = (
            self._openmetrics_name(name, family) if self._openmetrics else _text_name(name, family, kind)
        )
        if shown in self._written:
            return ""
        self._written.add(shown)
        label = quoted(shown) if needs_quotes(shown) else shown
        help_text = self._helps.get(family, self._helps.get(shown))
        lines = ""
        if help_text is not None:
            lines += f"# HELP {label} {(escape if self._openmetrics else escape_help)(help_text)}\n"
        if family in self._types:
            lines += f"# TYPE {label} {shown_kind}\n"
        return lines

    def _openmetrics_name(self, name: str, family: str) -> tuple[str, str]:
        kind = self._types.get(family, "unknown")
        ending = _ENDINGS.get(kind, "")
        if not ending or name != family:
            return family, kind
        return (family.removesuffix(ending), kind) if family.endswith(ending) else (family, "unknown")


def _text_name(name: str, family: str, kind: str) -> tuple[str, str]:
    if name != family and name.endswith(_OWN_GAUGES):
        return name, "gauge"
    return name if kind in _ENDINGS else family, _TEXT_TYPES.get(kind, kind)

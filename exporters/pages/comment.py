"""Lines with `#`: the type and the help of a family. Any other comment, `# UNIT` among them, says nothing here."""

from __future__ import annotations

import re
from collections.abc import Callable

from exporters.pages.escape import unescape
from exporters.pages.line import Malformed

TYPES = frozenset(
    {"counter", "gauge", "histogram", "summary", "info", "stateset", "gaugehistogram", "unknown", "untyped"}
)
_META = re.compile(r"[ \t]*+#[ \t]++(HELP|TYPE)(?![^ \t])[ \t]*+(.*+)", re.DOTALL)
_FAMILY = re.compile(r'(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|([a-zA-Z_:][a-zA-Z0-9_:]*+))(?:[ \t](.*+))?', re.DOTALL)


def read_comment(line: str, types: dict[str, str], helps: dict[str, str], help_text: Callable[[str], str]) -> None:
    """Notes down a type or a help, the later one winning; raises `Malformed`."""
    meta = _META.fullmatch(line)
    if meta is None:
        return
    family = _FAMILY.fullmatch(meta[2])
    if family is None:
        raise Malformed(f"# {meta[1]} without a metric name")
    quoted, bare, rest = family.groups()
    name = bare or unescape(quoted)
    if meta[1] == "HELP":
        helps[name] = help_text(rest or "")
        return
    kind = (rest or "").strip(" \t")
    if kind not in TYPES:
        raise Malformed("# TYPE with a type nobody knows")
    types[name] = "unknown" if kind == "untyped" else kind

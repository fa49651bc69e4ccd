r"""Backslashes of the text formats: \\ and \n everywhere, \" inside quotes. Any other pair stands for itself."""

from __future__ import annotations

import re

_QUOTED = re.compile(r'\\([\\n"])')
_BARE = re.compile(r"\\([\\n])")


def _character(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def unescape(text: str) -> str:
    """The content of a quoted text, or of an OpenMetrics help."""
    return _QUOTED.sub(_character, text) if "\\" in text else text


def unescape_help(text: str) -> str:
    """A help of the Prometheus text format, in which a quote needs no backslash and gets none."""
    return _BARE.sub(_character, text) if "\\" in text else text


def escape(text: str) -> str:
    return escape_help(text).replace('"', '\\"')


def escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")

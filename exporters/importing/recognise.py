"""Tells by its first bytes what a file holds."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from exporters.importing.lines import Input
from exporters.pages.parser import Format

HEAD_BYTES = 1 << 16
# The smallest number that is a time in milliseconds and no time in seconds: 1973, and the year 5138.
_MILLISECONDS_FROM = 1e11
_JSON_LINE = re.compile(rb'\s*\{\s*"(?:metric|values|timestamps)"\s*:')
_COMMENT = re.compile(rb"^# (?:(?:TYPE|HELP|UNIT) \S|EOF\s*$)", re.MULTILINE)
_SAMPLE = re.compile(
    rb"""^[a-zA-Z_:{][^\n]*[ ](?:[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?|NaN|[+-]?Inf)  # series and value
    [ ]([0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]+)?)[ ]*(?:\#[^\n]*)?\r?$              # timestamp, perhaps an exemplar
    """,
    re.MULTILINE | re.VERBOSE,
)


class Kind(StrEnum):
    """The formats of `--format`."""

    PAGES = "pages"
    OPENMETRICS = "openmetrics"
    VM_JSONL = "vm-jsonl"


def recognised(path: Path) -> Kind | None:
    """Text or JSON lines, None where it looks like neither. Of an empty file only the name can tell."""
    with Input(path) as file:
        head = file.read(HEAD_BYTES)
    is_json_by_name = path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json"))
    if _JSON_LINE.match(head) or (not head.strip() and is_json_by_name):
        return Kind.VM_JSONL
    if _COMMENT.search(head) or _SAMPLE.search(head) or not head.strip():
        return Kind.OPENMETRICS
    return None


def format_of(head: bytes) -> Format:
    """OpenMetrics has seconds; the older text, as VictoriaMetrics exports it, has milliseconds. The size tells."""
    sample = _SAMPLE.search(head)
    return Format.TEXT if sample and float(sample[1]) >= _MILLISECONDS_FROM else Format.OPENMETRICS

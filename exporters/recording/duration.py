"""Spans of time as people write them: `15`, `15s`, `1h30m`, `500ms`."""

from __future__ import annotations

import re

_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parse_duration(text: str) -> float:
    """Seconds, more than 0; a number alone is seconds. Raises ValueError, which says what to write instead."""
    word = text.strip()
    parts = _PART.findall(word)
    if _PLAIN.fullmatch(word):
        seconds = float(word)
    elif parts and "".join(number + unit for number, unit in parts) == word:
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    else:
        raise ValueError(f"{text!r} is no span of time: write 15s, 10m, 1h30m or 500ms")
    if seconds <= 0:
        raise ValueError(f"{text!r} must be more than 0")
    return seconds

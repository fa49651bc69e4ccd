"""Figures on a page: what Prometheus's Go parser takes, which is less than Python's float() takes.

float() also reads "1_000", " 1", "+nan", digits of other scripts, and turns an overflow into infinity.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf, isfinite

_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?", re.ASCII)
_WORD = re.compile(r"[+-]?inf(?:inity)?|nan", re.ASCII | re.IGNORECASE)
_MILLISECONDS = re.compile(r"-?[0-9]{1,18}", re.ASCII)  # the 19th digit may leave int64; no clock has it
_PLAIN = re.compile(r"[0-9.eE+\-\n]*", re.ASCII)


def number(text: str) -> float | None:
    """The figure, or None where it is not one."""
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if isfinite(value) else None
    return float(text) if _WORD.fullmatch(text) else None


def numbers(texts: Sequence[str]) -> list[float] | None:
    """All figures at once, or None where a single look cannot say that each is one.

    float() judges the syntax, one pass over all texts the alphabet, a count the overflows.
    """
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    joined = "\n" + "\n".join(texts)
    infinities = joined.count("Inf")
    if "N" in joined or infinities:
        joined = joined.replace("\nNaN", "\n").replace("\n+Inf", "\n").replace("\n-Inf", "\n")
    if _PLAIN.fullmatch(joined) is None or values.count(inf) + values.count(-inf) != infinities:
        return None
    return values


def milliseconds(text: str) -> float | None:
    """A timestamp of the Prometheus text format, in seconds."""
    return float(text) / 1000 if _MILLISECONDS.fullmatch(text) else None


def seconds(text: str) -> float | None:
    """A timestamp of OpenMetrics."""
    value = number(text)
    return value if value is not None and isfinite(value) else None

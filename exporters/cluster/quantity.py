"""Kubernetes quantities as numbers: "47900m" is 47.9, "384Gi" is 412316860416."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}


def number_of(quantity: str | float) -> float | None:
    """None where it is no quantity: nobody knows then how much it is."""
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None:
        return None
    number = Decimal(match[1])
    if match[2]:
        return float(number * Decimal(f"1{match[2]}"))
    suffix = match[3]
    return float(number * _BINARY[suffix]) if suffix in _BINARY else float(number.scaleb(_DECIMAL[suffix]))

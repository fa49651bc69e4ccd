"""One number of the report, with how far to trust it (DESIGN 13)."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number that says how far to trust it. `low` and `high` only where it is an interval; `reason` when null."""

    value: float | None
    coverage: float  # share of what it speaks of that was seen, 0 to 1
    sources: list[str]
    low: float | None = None
    high: float | None = None
    reason: str | None = None

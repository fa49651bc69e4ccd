"""The one price type (DESIGN section 5): an amount, and everything that says how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

LIST = "list"
EFFECTIVE = "effective"

# Capacity types, as nodes carry them.
ON_DEMAND = "on-demand"
SPOT = "spot"
RESERVED = "reserved"
CAPACITY_BLOCK = "capacity-block"
UNUSED_RESERVATION = "unused-reservation"  # no node's: the unfilled part of a reservation, which has a price too


@dataclass(frozen=True, slots=True)
class Price:
    """What a node costs. `dollars_per_hour` is above 0: an unknown price is no Price at all, never 0."""

    dollars_per_hour: float
    basis: str  # list or effective
    source: str  # which table, API or file said so
    as_of: date
    resource: str  # what it is the price of, e.g. p5.48xlarge
    currency: str = "USD"
    region: str = ""
    is_stale: bool = False  # kept from an earlier day, because its source did not answer

    @property
    def name(self) -> str:
        """Where it came from and how old it is, for people."""
        return f"{self.source}, {self.as_of}{', stale' if self.is_stale else ''}"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.dollars_per_hour) and self.dollars_per_hour > 0):
            raise ValueError(f"{self.resource}: a price must be above 0, not {self.dollars_per_hour}")


def amount(value: object) -> float | None:
    """A positive, finite number; nothing for 0, which says unknown wherever prices are told, and for what is none."""
    if not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number > 0 else None

"""The one price type (DESIGN section 5): an amount, and everything that says how far to trust it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Protocol

LIST = "list"
EFFECTIVE = "effective"


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

    @property
    def name(self) -> str:
        """Where it came from and how old it is, for people."""
        return f"{self.source}, {self.as_of}"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.dollars_per_hour) and self.dollars_per_hour > 0):
            raise ValueError(f"{self.resource}: a price must be above 0, not {self.dollars_per_hour}")


class PriceSource(Protocol):
    """Anything that knows prices of instance types."""

    def price(self, instance_type: str, capacity_type: str, region: str) -> Price | None:
        """The price of a running node, or nothing."""

"""A number with the interval in which it lies at 95 % confidence, and a rank correlation that is made of such."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """`low` to `high` is the 95 % interval."""

    value: float
    low: float
    high: float

    def above(self, line: float) -> bool:
        """Whether the whole interval is."""
        return self.low > line

    def below(self, line: float) -> bool:
        """Whether the whole interval is."""
        return self.high < line

    def within(self, line: float) -> bool:
        """Whether the whole interval is nearer to 0 than `line`."""
        return -line < self.low and self.high < line


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation of `quantity` with what a dollar buys, and what is left of it at equal load.
    Nothing where the points do not tell; `reason` says why."""

    quantity: str
    plain: Estimate | None
    at_equal_load: Estimate | None
    reason: str = ""

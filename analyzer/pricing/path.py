"""What a resource costs over time: prices are step functions, and a bill is their integral (DESIGN 5)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from analyzer.pricing.price import Price

_HOUR_US = 3_600_000_000

FOREVER = 253_402_300_799_000_000  # the last second of the year 9999: of what has no end


@dataclass(frozen=True, slots=True)
class Resource:
    """What is priced: one node. Empty text where nothing is known."""

    cluster: str = ""
    node: str = ""
    provider_id: str = ""
    instance_type: str = ""
    capacity_type: str = ""
    region: str = ""
    zone: str = ""
    reservation_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A price from `start` (unix microseconds) on, until the next step. No price: unknown, never free."""

    start: int
    price: Price | None


@dataclass(frozen=True, slots=True)
class PricePath:
    """Steps in order of time; the first one also speaks for the time before it."""

    steps: tuple[Step, ...]

    def spells(self, start: int, end: int) -> Iterator[tuple[int, int, Price | None]]:
        """(from, to, price) that cover `start` to `end` without gap or overlap."""
        edges = [start, *(step.start for step in self.steps[1:] if start < step.start < end), end]
        for since, until in pairwise(edges):
            if since < until:
                yield since, until, self.at(since)

    def at(self, when: int) -> Price | None:
        """The price at a moment."""
        if not self.steps:
            return None
        return self.steps[max(0, bisect_right(self.steps, when, key=_start) - 1)].price

    def dollars(self, start: int, end: int) -> float | None:
        """The integral from `start` to `end`; None where a part of it has no price."""
        parts = list(self.spells(start, end))
        if any(price is None for _, _, price in parts):
            return None
        return math.fsum(price.dollars_per_hour * (until - since) / _HOUR_US for since, until, price in parts if price)

    def prices(self) -> list[Price]:
        """Every price on the way."""
        return [step.price for step in self.steps if step.price is not None]

    def between(self, start: int, end: int) -> PricePath:
        """The same path without the steps that say nothing of `start` to `end`."""
        first = max(0, bisect_right(self.steps, start, key=_start) - 1)
        steps = self.steps[first:]
        return PricePath((*steps[:1], *(step for step in steps[1:] if step.start < end)))

    def each(self, change: Callable[[Price], Price | None]) -> PricePath:
        """The path with every price changed."""
        return PricePath(tuple(Step(one.start, change(one.price) if one.price else None) for one in self.steps))


def constant(price: Price | None) -> PricePath:
    """One price for all time."""
    return PricePath((Step(0, price),))


def _start(step: Step) -> int:
    return step.start

"""Karpenter's own price estimates, read from a store: what it bought by, step by step.

They are planning numbers. Refused are those that are known to be none: reserved capacity (priced at a ten-millionth of
on-demand), 0 (which stands for unknown), and spot that equals on-demand (which stands in until spot is first read).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property

import numpy as np

from analyzer.pricing.book import Answer
from analyzer.pricing.path import PricePath, Resource, Step
from analyzer.pricing.price import CAPACITY_BLOCK, EFFECTIVE, LIST, ON_DEMAND, RESERVED, SPOT, Price, amount
from analyzer.stores.frame import Frame, Question, Store
from analyzer.window import MICROSECONDS, Window
from exporters.canonical.nodes import offering_dollars_per_hour

NAME = "Karpenter's estimate"

_RESERVED = "Karpenter prices reserved capacity at a ten-millionth of on-demand, whatever it costs"
_ZERO = "Karpenter says 0, which stands for unknown"
_STAND_IN = "spot equals on-demand: Karpenter had not read spot prices yet"


@dataclass(frozen=True, slots=True)
class Offering:
    """What Karpenter prices. An empty zone stands for any."""

    cluster: str
    instance_type: str
    capacity_type: str
    zone: str


# What the ledger reads beside its own, so that the estimates are there.
TABLES = {"offering_price": offering_dollars_per_hour}

# (unix microseconds, dollars per hour) where it changed, in order of time.
Estimates = list[tuple[int, float]]


class KarpenterEstimates:
    """The estimates of one window. `read` is called when the first price is asked for: the ledger's reading, which
    copies from a server all that is wanted, comes before."""

    name = NAME

    def __init__(self, read: Callable[[], dict[Offering, Estimates]]) -> None:
        self._read = read

    @cached_property
    def _estimates(self) -> dict[Offering, Estimates]:
        return self._read()

    @cached_property
    def _zones(self) -> dict[Offering, list[str]]:
        found: dict[Offering, list[str]] = defaultdict(list)
        for one in sorted(self._estimates, key=lambda offering: offering.zone):
            found[replace(one, zone="")].append(one.zone)
        return dict(found)

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """Steps where the estimate changed; unknown while it was a stand-in."""
        if resource.capacity_type in (RESERVED, CAPACITY_BLOCK):
            return Answer(self.name, None, _RESERVED) if self._of(resource, ON_DEMAND) else None
        if resource.capacity_type not in (ON_DEMAND, SPOT):
            return None
        estimates = self._of(resource, resource.capacity_type)
        if not estimates:
            return None
        on_demand = self._of(resource, ON_DEMAND) if resource.capacity_type == SPOT else []
        steps, refused = [], ""
        for at, dollars in estimates:
            why = _refusal(dollars, _at(on_demand, at))
            refused = refused or why
            steps.append(Step(at, None if why else _price(resource, dollars, at)))
        path = PricePath(tuple(steps)).between(start, end)
        return Answer(self.name, path) if path.prices() else Answer(self.name, None, refused)

    def _of(self, resource: Resource, capacity_type: str) -> Estimates:
        """Those of the node's zone; on demand costs the same in every zone. Series that name no cluster are of any."""
        for cluster in (resource.cluster, ""):
            kind = Offering(cluster, resource.instance_type, capacity_type, "")
            zones = self._zones.get(kind, [])
            zone = resource.zone if resource.zone in zones else None
            if zone is None and zones and (capacity_type == ON_DEMAND or zones == [""]):
                zone = zones[0]
            if zone is not None:
                return self._estimates[replace(kind, zone=zone)]
        return []


def karpenter_estimates(store: Store, window: Window) -> KarpenterEstimates:
    """What the store has of them; a store that copies from a server must be told to expect `TABLES`."""
    return KarpenterEstimates(lambda: _estimates(store.read(Question(offering_dollars_per_hour, window))))


def _estimates(frame: Frame) -> dict[Offering, Estimates]:
    """The changes of each. An end of a series is left out: a price holds while Karpenter restarts."""
    labels = {int(row["series"]): row for row in frame.series.to_pylist()}
    series, value = (frame.samples.column(name).to_numpy() for name in ("series", "value"))
    at = frame.samples.column("at").cast("int64").to_numpy()
    is_told = ~np.isnan(value)
    series, at, value = series[is_told], at[is_told], value[is_told]
    is_change = np.ones(len(value), bool)
    is_change[1:] = (series[1:] != series[:-1]) | (value[1:] != value[:-1])
    found: dict[Offering, Estimates] = defaultdict(list)
    rows = zip(*(column[is_change].tolist() for column in (series, at, value)), strict=True)
    for number, when, dollars in rows:
        row = labels[number]
        offering = Offering(row["cluster"], row["instance_type"], row["capacity_type"], row["zone"])
        found[offering].append((when, dollars))
    return dict(found)


def _at(estimates: Estimates, when: int) -> float | None:
    if not estimates:
        return None
    return estimates[max(0, bisect_right(estimates, when, key=lambda one: one[0]) - 1)][1]


def _refusal(dollars: float, on_demand: float | None) -> str:
    if amount(dollars) is None:
        return _ZERO
    return _STAND_IN if dollars == on_demand else ""


def _price(resource: Resource, dollars: float, at: int) -> Price:
    basis = EFFECTIVE if resource.capacity_type == SPOT else LIST
    return Price(dollars, basis, NAME, _day(at), resource.instance_type, region=resource.region)


def _day(at: int) -> date:
    return datetime.fromtimestamp(at / MICROSECONDS, UTC).date()

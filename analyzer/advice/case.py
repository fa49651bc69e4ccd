"""A case: what a rule found, in the rule's own terms. `assemble` makes the finding of it, with money and confidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.advice.finding import Artifact, Evidence, Resource, Risk, Verify
from exporters.metric import Metric

# What a signal is worth as a proof of idleness: device counters, kernel time, power, host CPU or network.
DIRECT, BUSY_ONLY, POWER_ONLY, HOST_ONLY = 1.0, 0.8, 0.7, 0.5
SHARED_DEVICE = 0.6  # what an attribution on a shared device is worth


@dataclass(frozen=True, slots=True)
class Lot:
    """A part of the bill: what one workload (or nobody, where that is empty) costs on one node. `part` tells apart
    dollars of one lot that are wasted in different ways (idle, starting, ineffective, price)."""

    cluster: str
    node: str
    namespace: str = ""
    workload: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """Devices that a workload would give back: `pods` of its pods (None: all), or `devices` of each of its pods; in
    the given hours (unix seconds of their starts), or always. What that saves is found by packing again what is
    left."""

    cluster: str
    namespace: str
    workload: str
    pods: int | None = None
    devices: float = 0.0
    hours: frozenset[int] | None = None


Dollars = Mapping[Lot, float | None]  # None: not known, never free


@dataclass(frozen=True, slots=True)
class Case:
    """All dollars are of the window. `wasted` is what the waste costs, by the part of the bill that it is in: what two
    cases say of one part is counted once. What a change saves is `saves`, or what comes of the `releases`, or nothing
    and `no_saving` says why (sunk, kept on purpose, not assessed).

    `opportunity`: the saving is other on-demand capacity that freed reserved capacity replaces. `stake_dollars` is
    what is in doubt where nothing is known to be wasted.
    """

    resource: Resource
    headline: str
    remedy: str
    evidence: tuple[Evidence, ...]
    used: tuple[Metric, ...]
    cost_dollars: float | None  # of the resource, as it is
    wasted: Dollars = field(default_factory=dict)
    saves: Dollars = field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    no_saving: str = ""
    opportunity: bool = False
    stake_dollars: float | None = None
    samples: int = 0
    coverage: float = 1.0
    signal_quality: float = DIRECT
    attribution: float = 1.0
    doubts: tuple[str, ...] = ()
    risk: Risk = "low"
    risk_reasons: tuple[str, ...] = ()
    is_reversible: bool = True
    artifacts: tuple[Artifact, ...] = ()
    verify: Verify | None = None

    @property
    def wasted_dollars(self) -> float | None:
        """All of the waste; None where a part of it has no known price."""
        return total(self.wasted)


def total(dollars: Dollars) -> float | None:
    """The sum of all parts; None where one is not known."""
    known = [one for one in dollars.values() if one is not None]
    return sum(known) if len(known) == len(dollars) else None

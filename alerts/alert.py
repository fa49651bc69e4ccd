"""An alert: what it asks, when that is too much and for how long, who is woken, what it costs, and how it is proved.

A rule asks in PromQL, over whatever the cluster has. Its numbers are those of `analyzer/advice/thresholds.py`, so an
alert and the finding that says the same agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from alerts.alarm import Alarm, Composite, Untold
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.metric import Metric


class Severity(StrEnum):
    """A page wakes somebody, a ticket is read at work."""

    PAGE = "page"
    TICKET = "ticket"


class Owner(StrEnum):
    """Who can do something about it."""

    PLATFORM = "platform"
    SERVING = "serving"
    FINOPS = "finops"


class Board(StrEnum):
    """The Grafana board on which it is seen, by uid."""

    ACCELERATOR = "gpuyield-accelerator"
    COST = "gpuyield-cost"
    EXECUTIVE = "gpuyield-executive"
    FLEET = "gpuyield-fleet"
    INFERENCE = "gpuyield-inference"
    ITSELF = "gpuyield-itself"
    KARPENTER = "gpuyield-karpenter"


class Costs(StrEnum):
    """Where the dollars in the message come from."""

    VALUE = "value"  # what the rule asks is dollars per hour
    NODE = "node"  # the price of the node
    MODEL = "model"  # what the ledger says that the model's pods hold
    RESERVATION = "reservation"
    UNPRICED = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A proof: these series, a value each minute as promtool writes them, make so many alerts fire after a time."""

    says: str
    series: Mapping[str, str]
    after: str
    fires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`by` are the labels of what the rule finds. `says` is a template of Prometheus. `why` gives the reason for the
    numbers. `limits` names the thresholds that decide. `about` marks what a broken node silences: its devices."""

    name: str
    severity: Severity
    owner: Owner
    board: Board
    says: str
    why: str
    by: tuple[str, ...]
    limits: tuple[str, ...]
    expr: Callable[[Scope, Thresholds], str]
    lasts_seconds: Callable[[Thresholds], float]
    needs: tuple[Metric, ...]
    alarm: Alarm | Composite | Untold
    cases: tuple[Case, ...]
    costs: Costs = Costs.UNPRICED
    about: str = ""

"""The same in CloudWatch: an alarm over metrics that our CloudWatch sink writes, for a cluster as a whole.

An alarm watches one series, so it cannot say which model or node; `lost` is what it does not say, empty for nothing. A
composite joins alarms; what cannot be told at all says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analyzer.advice.thresholds import Thresholds
from exporters.metric import Metric


class Missing(StrEnum):
    """What an alarm takes missing data for."""

    FINE = "notBreaching"  # nothing runs, so nothing is wrong
    WRONG = "breaching"  # a heartbeat that stopped


@dataclass(frozen=True, slots=True)
class Stat:
    """One series: a metric of ours, a statistic of it (`{limit}` stands for the alarm's limit), and what its labels of
    kind (state, reason, ...) are."""

    metric: Metric
    statistic: str
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`expression` is metric math over the names of `stats`; it may be left out where there is one. The alarm goes off
    when that stays above `above` (or below, with `is_below`) for `lasts_seconds`, in periods of `period_seconds`."""

    stats: Mapping[str, Stat]
    above: Callable[[Thresholds], float]
    lasts_seconds: Callable[[Thresholds], float]
    lost: str
    expression: str = ""
    limit: Callable[[Thresholds], float] = lambda _: 0.0
    is_below: bool = False
    period_seconds: int = 300
    missing: Missing = Missing.FINE


@dataclass(frozen=True, slots=True)
class Composite:
    """`joined` is a rule over the names of `parts` in braces: "{long} AND {short}"."""

    parts: Mapping[str, Alarm]
    joined: str


@dataclass(frozen=True, slots=True)
class Untold:
    """Why CloudWatch cannot say it."""

    reason: str

"""CloudWatch alarms over what our CloudWatch sink writes: the requests that make them, and what they cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerts.alarm import Alarm, Composite, Stat, Untold
from alerts.alert import Alert, Severity
from alerts.rules import rules
from alerts.wording import Links, headline
from analyzer.advice.thresholds import Thresholds
from exporters.sinks.cloudwatch.own_names import NAMESPACE, name_of, sets_of
from exporters.source import GpuyieldError

# Periods times their length may be a day; ten series in an alarm; five actions for a state; 1,024 characters.
_SPAN_SECONDS, _DESCRIPTION_LENGTH, _ACTIONS = 86_400, 1_024, 5
_PLAIN = frozenset({"Average", "Sum", "Minimum", "Maximum", "SampleCount"})

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """For which cluster, on which price basis, and who is told: ARNs by severity."""

    cluster: str
    price_basis: str = "list"
    actions: Mapping[Severity, tuple[str, ...]] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    @property
    def prefix(self) -> str:
        return f"gpuyield-{self.cluster}-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Requests by the name of the alarm: metric alarms, and composites, which are made of them."""

    metric: dict[str, Json]
    composite: dict[str, Json]


def wanted(account: Account, thresholds: Thresholds) -> Wanted:
    """All alarms of a cluster. Raises GpuyieldError where CloudWatch would not take them."""
    if any(len(arns) > _ACTIONS for arns in account.actions.values()):
        raise GpuyieldError(f"CloudWatch takes {_ACTIONS} actions for an alarm at the most")
    found = Wanted({}, {})
    for topic, alert in _each():
        name, about = account.prefix + alert.name, _about(alert, topic, account)
        match alert.alarm:
            case Alarm():
                found.metric[name] = about | _metric(alert.alarm, name, account, thresholds)
            case Composite(parts=parts, joined=joined):
                names = {part: f"{name}-{part}" for part in parts}
                for part, alarm in parts.items():
                    quiet = {"AlarmDescription": f"A part of {name}.", "AlarmActions": [], "OKActions": []}
                    found.metric[names[part]] = quiet | _metric(alarm, names[part], account, thresholds)
                rule = joined.format_map({part: f'ALARM("{one}")' for part, one in names.items()})
                found.composite[name] = about | {"AlarmName": name, "AlarmRule": rule}
    return found


def unsaid() -> Iterator[str]:
    """What the alarms do not say of what the rules say, a line for each alert."""
    for _, alert in _each():
        match alert.alarm:
            case Untold(reason=reason):
                yield f"{alert.name}: no alarm, as {reason}"
            case Alarm(lost=lost) if lost:
                yield f"{alert.name}: does not say {lost}"
            case Composite(parts=parts):
                yield f"{alert.name}: does not say {next(iter(parts.values())).lost}"
    yield "no alarm silences another, as none knows its node"


def _each() -> Iterator[tuple[str, Alert]]:
    yield from ((topic, alert) for topic, alerts in rules().items() for alert in alerts)


def _about(alert: Alert, topic: str, account: Account) -> Json:
    text = f"{headline(topic)} {alert.why} Owner: {alert.owner}. Runbook: {account.links.runbook(topic)}"
    arns = list(account.actions.get(alert.severity, ()))
    return {"AlarmDescription": text[:_DESCRIPTION_LENGTH], "AlarmActions": arns, "OKActions": arns}


def _metric(alarm: Alarm, name: str, account: Account, thresholds: Thresholds) -> Json:
    periods = min(max(1, math.ceil(alarm.lasts_seconds(thresholds) / alarm.period_seconds)), _most(alarm))
    request: Json = {
        "AlarmName": name,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
        "Threshold": float(alarm.above(thresholds)),
        "ComparisonOperator": "LessThanThreshold" if alarm.is_below else "GreaterThanThreshold",
        "TreatMissingData": str(alarm.missing),
    }
    limit = f"{alarm.limit(thresholds):g}"
    if not alarm.expression:
        (stat,) = alarm.stats.values()
        statistic = stat.statistic.format(limit=limit)
        kind = "Statistic" if statistic in _PLAIN else "ExtendedStatistic"
        return request | _series(stat, account) | {kind: statistic, "Period": alarm.period_seconds}
    return request | {"Metrics": [*_queries(alarm, account, limit), _math(alarm)]}


def _most(alarm: Alarm) -> int:
    return max(1, _SPAN_SECONDS // alarm.period_seconds)


def _queries(alarm: Alarm, account: Account, limit: str) -> Iterator[Json]:
    for name, stat in alarm.stats.items():
        measured = {"Period": alarm.period_seconds, "Stat": stat.statistic.format(limit=limit)}
        yield {"Id": name, "MetricStat": {"Metric": _series(stat, account), **measured}, "ReturnData": False}


def _math(alarm: Alarm) -> Json:
    return {"Id": "asked", "Expression": alarm.expression, "ReturnData": True}


def _series(stat: Stat, account: Account) -> Json:
    """The coarsest series that the sink writes: of the cluster, with what says which kind."""
    known = {"cluster": account.cluster, "price_basis": account.price_basis, **stat.where}
    (coarsest, *_) = sets_of(("cluster", *(label for label in stat.metric.labels if label != "cluster")))
    dimensions = [{"Name": label, "Value": known[label]} for label in coarsest]
    return {"Namespace": NAMESPACE, "MetricName": name_of(stat.metric), "Dimensions": dimensions}

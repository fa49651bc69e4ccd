"""Rule files of Prometheus and PrometheusRule objects of its operator.

A group for each file of rules, so that they are evaluated beside each other: once a minute, those about money once in
five, as the ledger moves no faster.
"""

from __future__ import annotations

from typing import Any

from alerts.alert import Alert
from alerts.recording import recording_rules
from alerts.rules import rules
from alerts.wording import Links, dollars
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from exporters.canonical import ledger

_EVERY, _EVERY_CELL = "1m", "5m"
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Json = dict[str, Any]


def alerting_rules(scope: Scope, thresholds: Thresholds, links: Links) -> Json:
    """A rule file's content."""
    groups = [
        {
            "name": f"gpuyield-{topic.replace('_', '-')}",
            "interval": _interval(alerts),
            "rules": [_rule(alert, topic, scope, thresholds, links) for alert in alerts],
        }
        for topic, alerts in rules().items()
    ]
    return {"groups": groups}


def all_rules(scope: Scope, thresholds: Thresholds, links: Links) -> Json:
    """Those that record key figures, and the alerts."""
    recording = recording_rules(scope.cluster)["groups"]
    return {"groups": [*recording, *alerting_rules(scope, thresholds, links)["groups"]]}


def prometheus_rule(content: Json, namespace: str) -> Json:
    """The same as an object of the Prometheus operator; namespace empty: that of the caller's context."""
    metadata = {"name": "gpuyield", "labels": {"app.kubernetes.io/name": "gpuyield"}}
    if namespace:
        metadata = {**metadata, "namespace": namespace}
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": metadata, "spec": content}


def _rule(alert: Alert, topic: str, scope: Scope, thresholds: Thresholds, links: Links) -> Json:
    rule: Json = {"alert": alert.name, "expr": alert.expr(scope, thresholds)}
    if seconds := alert.lasts_seconds(thresholds):
        rule["for"] = duration(seconds)
    rule["labels"] = {"severity": str(alert.severity), "owner": str(alert.owner), "topic": topic}
    if alert.about:
        rule["labels"]["about"] = alert.about
    rule["annotations"] = {
        "summary": alert.says.replace("$labels.cluster", f"$labels.{scope.cluster}"),
        "why": alert.why,
        "runbook_url": links.runbook(topic),
        "dashboard_url": links.board(alert),
    }
    if cost := dollars(alert, scope.cluster):
        rule["annotations"]["dollars"] = cost
    return rule


def _interval(alerts: tuple[Alert, ...]) -> str:
    reads_ledger = all(alert.needs[0] in vars(ledger).values() for alert in alerts)
    return _EVERY_CELL if reads_ledger else _EVERY


def duration(seconds: float) -> str:
    """As Prometheus writes it: 90 seconds are 1m30s."""
    left, text = round(seconds), ""
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"

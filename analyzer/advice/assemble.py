"""Makes the finding of a case: an id that stays, money per hour, confidence with its reasons, severity."""

from __future__ import annotations

import hashlib

import msgspec

from analyzer.advice.case import Case
from analyzer.advice.confidence import confidence
from analyzer.advice.facts import Facts
from analyzer.advice.finding import FINDING_VERSION, HOURS_PER_MONTH, Finding, Rate, Resource, Severity, Span, rate
from analyzer.advice.rule import Rule
from analyzer.advice.savings import Saved
from analyzer.advice.thresholds import Thresholds
from analyzer.window import rfc3339

_KEY = ("kind", "cluster", "nodepool", "node", "namespace", "workload", "model", "device", "instance_type")


def finding_of(rule: Rule, case: Case, saved: Saved, facts: Facts, thresholds: Thresholds) -> Finding:
    """The finding of a case and of what its change saves."""
    realisable = _rate(saved.dollars, facts, saved.reason)
    attributed = _rate(case.wasted_dollars, facts)
    cost = None if case.cost_dollars is None else case.cost_dollars / facts.hours
    trust, reasons = confidence(case, facts, thresholds)
    used = [metric.full_name for metric in case.used]
    stake = None if case.stake_dollars is None else case.stake_dollars / facts.hours
    return Finding(
        version=FINDING_VERSION,
        id=finding_id(rule.id, case.resource),
        rule=rule.id,
        rule_version=rule.version,
        title=rule.title,
        severity=severity(realisable, attributed, stake, thresholds),
        status="open",
        resource=case.resource,
        headline=case.headline,
        remedy=case.remedy,
        window=Span(rfc3339(facts.window.start), rfc3339(facts.window.end)),
        samples=case.samples,
        coverage=case.coverage,
        evidence=list(case.evidence),
        signals_used=used,
        signals_not_checked=[metric.full_name for metric in rule.signals if metric.full_name not in used],
        cost_now=rate(cost),
        cost_after=_after(cost, realisable),
        saving_attributed=attributed,
        saving_realisable=realisable,
        price_basis=price_basis(case, saved, facts),
        confidence=trust,
        confidence_reasons=reasons,
        risk=case.risk,
        risk_reasons=list(case.risk_reasons),
        reversible=case.is_reversible,
        artifacts=list(case.artifacts),
        verify=case.verify,
    )


def finding_id(rule: str, resource: Resource) -> str:
    """The same for the same rule and thing, whatever it is called or costs."""
    key = msgspec.json.encode([rule, *(getattr(resource, name) for name in _KEY)])
    return f"{rule}-{hashlib.sha256(key).hexdigest()[:10]}"


def price_basis(case: Case, saved: Saved, facts: Facts) -> str:
    """Which of the four prices the saving is at: marginal where it is 0 because the capacity is paid for anyway."""
    if case.opportunity:
        return "opportunity"
    return "marginal" if saved.dollars == 0 and saved.reason else facts.ledger.options.price_basis


def severity(
    realisable: Rate, attributed: Rate, stake_dollars_per_hour: float | None, thresholds: Thresholds
) -> Severity:
    """By the month: what can be saved or is wasted; what is only in doubt is never more than medium."""
    month = (realisable.dollars_per_hour or attributed.dollars_per_hour or 0.0) * HOURS_PER_MONTH
    if month >= thresholds.high_dollars_per_month:
        return "high"
    in_doubt = (stake_dollars_per_hour or 0.0) * HOURS_PER_MONTH
    return "medium" if max(month, in_doubt) >= thresholds.medium_dollars_per_month else "low"


def _rate(window_dollars: float | None, facts: Facts, reason: str = "") -> Rate:
    if window_dollars is None:
        return rate(None, reason)
    made = rate(window_dollars / facts.hours)
    return Rate(made.dollars_per_hour, made.dollars_per_month, reason) if reason else made


def _after(cost: float | None, realisable: Rate) -> Rate:
    if cost is None or realisable.dollars_per_hour is None:
        return rate(None, realisable.reason or "")
    return rate(max(0.0, cost - realisable.dollars_per_hour))

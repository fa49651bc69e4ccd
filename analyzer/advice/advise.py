"""Runs the rules over a ledger and puts their findings together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import msgspec

from analyzer.advice.acknowledged import Acknowledgements, where_of
from analyzer.advice.assemble import finding_id, finding_of
from analyzer.advice.case import Case
from analyzer.advice.combine import Judged, attributed_dollars, realisable_dollars, without_echoes
from analyzer.advice.facts import Facts
from analyzer.advice.finding import Advice, Checked, Declined, rate
from analyzer.advice.rule import Rule, all_rules, declined
from analyzer.advice.savings import Savings
from analyzer.advice.settings import Settings
from analyzer.ledger.inputs import own_metrics
from analyzer.ledger.ledger import Ledger
from analyzer.pricing.karpenter_estimate import TABLES
from exporters.canonical import pods
from exporters.metric import Metric


def signals(rules: Sequence[Rule] | None = None) -> dict[str, Metric]:
    """What the rules read beside the ledger's own questions, by the name of its table: for `compute_ledger(also=)`."""
    own = own_metrics()
    priced = {metric: name for name, metric in TABLES.items()}  # read under this name where prices are asked for
    wanted = {metric for rule in rules or all_rules() for metric in (*rule.signals, pods.advice_info)}
    kept = sorted((metric for metric in wanted if metric not in own), key=lambda one: one.name)
    return {priced.get(metric, metric.name): metric for metric in kept}


def advice_of(
    ledger: Ledger,
    settings: Settings | None = None,
    acknowledgements: Acknowledgements | None = None,
    today: date | None = None,
    rules: Sequence[Rule] | None = None,
) -> Advice:
    """All that the rules find, the largest saving first. `today` decides which acknowledgements still hold."""
    settings, facts = settings or Settings(), Facts(ledger)
    asked = tuple(rules or all_rules())
    savings = Savings(facts)
    refusals: list[Declined] = []
    judged: list[Judged] = []
    for rule in asked:
        for one in _results(rule, facts, settings):
            if isinstance(one, Declined):
                refusals.append(one)
            else:
                thresholds = settings.at(where_of(one.resource), rule.id)
                saved = savings.of(one, thresholds)
                judged.append(Judged(finding_of(rule, one, saved, facts, thresholds), one, saved))
    known = acknowledgements or Acknowledgements()
    told = without_echoes([_acknowledged(one, known, today or datetime.now(UTC).date()) for one in judged])
    return Advice(
        findings=[one.finding for one in told],
        declined=sorted(refusals, key=lambda one: (-(one.dollars or 0.0), one.rule, one.subject)),
        checked=[_checked(rule, told, refusals) for rule in asked],
        attributed=rate(attributed_dollars(told, facts) / facts.hours),
        realisable=rate(realisable_dollars(told, facts) / facts.hours),
    )


def _results(rule: Rule, facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """What a rule says, after what it may say nothing of: missing signals, too little evidence, opt-outs."""
    missing = [metric.full_name for metric in rule.needs if not facts.answered(metric)]
    if missing:
        yield declined(rule, f"nothing tells {', '.join(missing)}")
        return
    for one in rule.judge(facts, settings):
        yield one if isinstance(one, Declined) else _admitted(rule, one, facts, settings)


def _admitted(rule: Rule, case: Case, facts: Facts, settings: Settings) -> Case | Declined:
    where = where_of(case.resource)
    least = settings.at(where, rule.id).least_coverage_ratio
    if why := settings.left_alone(where, rule.id) or facts.opt_out(case.resource):
        return declined(rule, f"left alone: {why}", case.resource.name, case.wasted_dollars)
    if case.coverage < least:
        why = f"not enough data: {case.coverage:.0%} of what it was is known, and {least:.0%} are needed"
        return declined(rule, why, case.resource.name, case.wasted_dollars)
    return case


def _acknowledged(one: Judged, known: Acknowledgements, today: date) -> Judged:
    finding = one.finding
    said = known.of(finding_id(finding.rule, finding.resource), finding.rule, finding.resource, today)
    if said is None:
        return one
    return Judged(msgspec.structs.replace(finding, status="acknowledged", acknowledged=said), one.case, one.saved)


def _checked(rule: Rule, judged: Sequence[Judged], refusals: Sequence[Declined]) -> Checked:
    found = sum(one.finding.rule == rule.id for one in judged)
    return Checked(rule.id, rule.title, found, sum(one.rule == rule.id for one in refusals))

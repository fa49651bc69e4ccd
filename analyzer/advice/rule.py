"""A rule: what it looks at, what it compares with, and the function that finds cases. Rules are found by file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from analyzer.advice import rules
from analyzer.advice.case import Case
from analyzer.advice.facts import Facts
from analyzer.advice.finding import Declined
from analyzer.advice.settings import Settings
from exporters.discover import discover
from exporters.metric import Metric

Judge = Callable[[Facts, Settings], Iterable[Case | Declined]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`signals` are all that it can use; `needs` those without which it declines. `version` changes with the formula
    or a threshold's meaning. `remedy` says how to get what it needs."""

    id: str  # A1
    name: str  # empty-accelerator-node
    title: str
    version: int
    signals: tuple[Metric, ...]
    needs: tuple[Metric, ...]
    thresholds: tuple[str, ...]
    judge: Judge
    remedy: str = ""


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of the `rules` folder, in the order of their ids."""
    return tuple(sorted(discover(rules, "rule", Rule).values(), key=lambda one: one.id))


def declined(rule: Rule, reason: str, subject: str = "this cluster", dollars: float | None = None) -> Declined:
    """That a rule does not judge, and why."""
    return Declined(rule.id, rule.title, subject, reason, dollars, rule.remedy)

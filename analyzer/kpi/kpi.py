"""A key figure: its name, its unit, what it means, and its two readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from analyzer.kpi.scope import Scope
from exporters.metric import Metric

if TYPE_CHECKING:
    from analyzer.ledger.ledger import Ledger
    from analyzer.report.model import Figure, Report

Subject = tuple[str, ...]  # the values of the labels `by`


class KpiUnit(StrEnum):
    """What is counted; ratios are 0 to 1."""

    RATIO = "ratio"
    SECONDS = "seconds"
    DOLLARS = "dollars"
    DOLLARS_PER_HOUR = "dollars per hour"
    DOLLARS_PER_MILLION = "dollars per million tokens"
    TOKENS_PER_DOLLAR = "tokens per dollar"
    TOKENS_PER_SECOND = "tokens per second"
    JOULES_PER_TOKEN = "joules per token"


@dataclass(frozen=True, slots=True)
class Seen:
    """A ledger and the report that was made of it: what the frame reading is taken from."""

    ledger: Ledger
    report: Report

    @property
    def hours(self) -> float:
        return self.ledger.window.seconds / 3600


@dataclass(frozen=True, slots=True)
class Kpi:
    """`promql` is given the scope and the labels to keep, of which `by` are those that the frame reading has too.

    `good` says what a reader should hope to see; `needs` are the metrics without which there is nothing to see.
    """

    name: str
    title: str
    unit: KpiUnit
    meaning: str
    good: str
    needs: tuple[Metric, ...]
    by: tuple[str, ...]
    promql: Callable[[Scope, tuple[str, ...]], str]
    frame: Callable[[Seen], dict[Subject, Figure]]

"""Makes evidence: a query, the value that it gave, and how far that is past its threshold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from analyzer.advice.facts import Facts
from analyzer.advice.finding import Evidence
from analyzer.advice.thresholds import Thresholds, said

Comparison = Literal["<", "<=", ">", ">=", "=="]
_POINTS = 200
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a value is compared with: the threshold of that name, as it holds there; without a name it is a fact."""

    comparison: Comparison
    name: str
    value: float

    @classmethod
    def of(cls, comparison: Comparison, name: str, thresholds: Thresholds) -> Limit:
        return cls(comparison, name, float(getattr(thresholds, name)))

    def holds(self, value: float) -> bool:
        return {
            "<": value < self.value,
            "<=": value <= self.value,
            ">": value > self.value,
            ">=": value >= self.value,
            "==": value == self.value,
        }[self.comparison]

    def distance(self, value: float) -> float | None:
        """How far past the threshold, as a share of it; None where the threshold is 0."""
        if not self.value:
            return None
        beyond = (value - self.value) / abs(self.value)
        return -beyond if self.comparison in ("<", "<=") else beyond


def from_ledger(
    facts: Facts,
    what: str,
    query: str,
    unit: str = "",
    limit: Limit | None = None,
    points: Iterable[tuple[int, float]] = (),
) -> Evidence:
    """Evidence out of the ledger's rows: the query is run, and gives the same number on the rows as CSV."""
    query = _SPACES.sub(" ", query).strip()
    return _evidence(what, query, "sql", facts.number(query), unit, limit, "the ledger", points)


def from_series(
    what: str,
    query: str,
    value: float | None,
    source: str,
    unit: str = "",
    limit: Limit | None = None,
    points: Iterable[tuple[int, float]] = (),
) -> Evidence:
    """Evidence out of a signal, with the PromQL that asks a live server for the same."""
    return _evidence(what, _SPACES.sub(" ", query).strip(), "promql", value, unit, limit, source, points)


def _evidence(
    what: str,
    query: str,
    language: Literal["sql", "promql"],
    value: float | None,
    unit: str,
    limit: Limit | None,
    source: str,
    points: Iterable[tuple[int, float]],
) -> Evidence:
    unit = unit or (said(limit.name).unit if limit and limit.name else "")
    if limit is None:
        return Evidence(what, query, language, value, unit, source=source, points=_thinned(points))
    distance = None if value is None else limit.distance(value)
    return Evidence(
        what,
        query,
        language,
        value,
        unit,
        limit.comparison,
        limit.value,
        limit.name,
        distance,
        source,
        _thinned(points),
    )


def _thinned(points: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    """Few enough to draw."""
    listed = list(points)
    step = max(1, -(-len(listed) // _POINTS))
    return listed[::step]

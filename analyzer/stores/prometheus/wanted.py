"""What has to be read for a list of questions: each upstream name once, over the widest span, with its conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from analyzer.stores.frame import Question
from analyzer.stores.prometheus.query_api import QueryApi
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from analyzer.stores.resolve import series_name
from exporters.metric import Kind
from exporters.upstream import upstreams_of
from exporters.upstream.declaration import Upstream

_NAMES_PER_QUERY = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """One name. `start` and `end` are unix milliseconds, both included. A count is read sample by sample, always;
    of an average or a state, fewer samples may do. `family` is the name without a histogram's ending."""

    name: str
    family: str
    kind: Kind
    start: int
    end: int
    conditions: tuple[Matcher, ...]

    @property
    def is_count(self) -> bool:
        return self.kind in (Kind.COUNTER, Kind.HISTOGRAM)

    @property
    def selector(self) -> Selector:
        return Selector.of(self.name, self.conditions)


def wanted_names(questions: Iterable[Question], also: tuple[Matcher, ...] = ()) -> list[Wanted]:
    """The names that can answer the questions, in alphabetical order. `also` are the user's own conditions."""
    asked: dict[str, list[tuple[Question, Upstream]]] = {}
    for question in questions:
        for _, upstream in upstreams_of(question.metric):
            asked.setdefault(series_name(upstream, question.part), []).append((question, upstream))
    return [
        Wanted(
            name=name,
            family=rows[0][1].name,
            kind=max((question.metric.kind for question, _ in rows), key=_strictness),
            start=min(-(-question.window.start // 1000) for question, _ in rows),
            end=max((question.window.end - 1) // 1000 for question, _ in rows),
            conditions=(*_conditions([upstream for _, upstream in rows]), *also),
        )
        for name, rows in sorted(asked.items())
    ]


def present(api: QueryApi, wanted: Iterable[Wanted]) -> list[Wanted]:
    """Those that the server has. A histogram that it keeps natively has no endings: it goes by its family, once."""
    listed = list(wanted)
    there = _there(api, sorted({name for one in listed for name in (one.name, one.family)}), listed)
    native: dict[str, Wanted] = {}
    for one in listed:
        if one.name != one.family and one.family in there:
            known = native.get(one.family, one)
            native[one.family] = replace(
                one, name=one.family, start=min(one.start, known.start), end=max(one.end, known.end)
            )
    return [one for one in listed if one.name in there] + list(native.values())


def _there(api: QueryApi, names: list[str], listed: list[Wanted]) -> set[str]:
    """Those of the names that occur; asked in parts, since proxies refuse long URLs."""
    start, end = min(one.start for one in listed), max(one.end for one in listed)
    found: set[str] = set()
    for first in range(0, len(names), _NAMES_PER_QUERY):
        pattern = "|".join(names[first : first + _NAMES_PER_QUERY])
        match = Selector((Matcher("__name__", Operator.MATCHES, pattern),))
        found.update(api.label_values("__name__", match, start, end))
    return found


def _strictness(kind: Kind) -> int:
    """One name may mean several things; it is read as the one that needs most."""
    return (Kind.INFO, Kind.STATE, Kind.AVERAGE, Kind.COUNTER, Kind.HISTOGRAM).index(kind)


def _conditions(upstreams: list[Upstream]) -> list[Matcher]:
    """The declarations' own conditions where all of them look at the same labels: what none accepts is not read."""
    labels = upstreams[0].where.keys()
    if any(upstream.where.keys() != labels for upstream in upstreams):
        return []
    return [
        Matcher(
            label,
            Operator.MATCHES,
            "|".join(sorted({f"({upstream.where[label]})" for upstream in upstreams})),
        )
        for label in sorted(labels)
    ]

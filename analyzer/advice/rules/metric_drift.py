"""H3: a signal that rules need answers only under an old name, or has stopped while its producer goes on.

What it means: an engine or exporter was renamed or upgraded. Boards and rules that ask for the name that is gone see
nothing, and nothing looks like idleness.
What to do: for an old name, upgrade the producer; for a signal that stopped, see what its release notes say and which
flag brings it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.advice.case import Case
from analyzer.advice.evidence import from_series
from analyzer.advice.facts import Facts
from analyzer.advice.finding import Declined, Resource
from analyzer.advice.rule import Rule
from analyzer.advice.settings import Settings, Where
from analyzer.advice.words import hours
from exporters.canonical import device, serving
from exporters.metric import Metric
from exporters.upstream import upstreams_of

_WATCHED = (
    device.busy_ratio,
    device.compute_active_ratio,
    device.memory_active_ratio,
    device.energy_joules_total,
    serving.requests_running,
    serving.requests_waiting,
    serving.generation_tokens_total,
    serving.prompt_tokens_total,
    serving.kv_cache_used_ratio,
    serving.requests_finished_total,
)
_NO_SAVING = "it is a fault of measurement"


@dataclass(frozen=True, slots=True)
class _Ended:
    """A metric of a producer that fell silent while the producer went on."""

    metric: Metric
    producer: str
    upstream: str
    last: float  # unix seconds
    goes_on_until: float

    @property
    def hours(self) -> float:
        return (self.goes_on_until - self.last) / 3600


def judge(facts: Facts, settings: Settings) -> Iterator[Case | Declined]:
    """One case for each signal that stopped, and one for each that only an old name tells."""
    least = settings.at(Where(), rule.id).metric_silence_hours
    for one in _ended(facts):
        if one.hours >= least:
            yield _stopped(facts, one)
    for metric in _WATCHED:
        old = old_names(facts, metric)
        if old[0]:
            yield _old(facts, metric, old)


def old_names(facts: Facts, metric: Metric) -> tuple[str, str]:
    """(the name that answers, the name of today) where nothing but a name that its producer gave up answers."""
    answering = set(facts.answered(metric).split(", ")) - {""}
    declared = [(producer, one) for producer, one in upstreams_of(metric) if one.name in answering]
    gone = [(producer, one) for producer, one in declared if one.versions and not one.versions.endswith("+")]
    if not gone or len(gone) < len(declared):
        return ("", "")
    producer, one = gone[0]
    today = [other.name for name, other in upstreams_of(metric) if name == producer and other.versions.endswith("+")]
    return (one.name, today[0]) if today else ("", "")


def _ended(facts: Facts) -> list[_Ended]:
    """By producer: the last sample of each watched metric beside the last of any of them."""
    last: dict[str, list[tuple[float, Metric, str]]] = {}
    for metric in _WATCHED:
        if not facts.answered(metric):
            continue
        table = facts.table(metric)
        rows = facts.rows(
            f"""
            SELECT s.producer, max(x.t) / 1e6, min(s.upstream) FROM {table} AS x JOIN {table}_series AS s USING (series)
            WHERE NOT isnan(x.value) AND x.t < ? GROUP BY s.producer
            """,
            facts.window.end,
        )
        for producer, at, upstream in rows:
            last.setdefault(producer, []).append((at, metric, upstream))
    return [
        _Ended(metric, producer, upstream, at, max(one[0] for one in told))
        for producer, told in sorted(last.items())
        for at, metric, upstream in told
    ]


def _stopped(facts: Facts, one: _Ended) -> Case:
    query = f"time() - max(max_over_time(timestamp({one.upstream})[{facts.hours:.0f}h:5m]))"
    return Case(
        resource=_resource(one.metric, one.producer),
        headline=f"{one.upstream} stopped {hours(one.hours)} before {one.producer}'s other series:"
        " what needs it is blind",
        remedy=f"see what changed in {one.producer}: a release that renamed it, or a counter that was switched off",
        evidence=(from_series("hours since its last sample", query, one.hours, one.upstream, "hours"),),
        used=(one.metric,),
        cost_dollars=None,
        no_saving=_NO_SAVING,
        samples=facts.samples(one.metric),
    )


def _old(facts: Facts, metric: Metric, names: tuple[str, str]) -> Case:
    old, today = names
    producer = next(name for name, one in upstreams_of(metric) if one.name == old)
    return Case(
        resource=_resource(metric, producer),
        headline=f"only the old name {old} answers for {metric.full_name}; {producer} calls it {today} now",
        remedy=f"upgrade {producer}: boards and alerts that ask for {today} see nothing",
        evidence=(from_series("series under the new name", f"count({today}) or vector(0)", 0.0, old, "series"),),
        used=(metric,),
        cost_dollars=None,
        no_saving=_NO_SAVING,
        samples=facts.samples(metric),
    )


def _resource(metric: Metric, producer: str) -> Resource:
    return Resource("signal", metric.full_name, f"whoever runs {producer}", device=f"{producer}: {metric.name}")


rule = Rule(
    id="H3",
    name="metric-name-drift",
    title="Signals that changed their name or stopped",
    version=1,
    signals=_WATCHED,
    needs=(),
    thresholds=("metric_silence_hours",),
    judge=judge,
)

"""What a sink would send and what that costs, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from exporters.metric import Sample

_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Plan:
    """None: not known. `notes` are sentences for people: what is left out, and on what the figures stand."""

    series: int
    requests_per_hour: float
    gigabytes_per_month: float
    dollars_per_month: float | None
    notes: tuple[str, ...] = ()


@runtime_checkable
class PlanningSink(Protocol):
    """A sink that can tell beforehand."""

    @property
    def name(self) -> str: ...

    def plan(self, samples: Sequence[Sample], interval_seconds: float) -> Plan:
        """For samples like these, so often."""


def repeated(
    samples: Sequence[Sample], start: float, seconds: float, interval_seconds: float
) -> Iterator[tuple[float, list[Sample]]]:
    """The same samples again and again from `start` on, each time with the moment at which they were read."""
    for beat in range(max(1, int(seconds / interval_seconds))):
        at = start + beat * interval_seconds
        yield at, [replace(sample, at=at) for sample in samples]


def plan_lines(plans: Sequence[tuple[str, Plan]]) -> Iterator[str]:
    """A table, and the notes under it."""
    yield f"{'sink':<16}{'series':>10}{'requests/hour':>16}{'GB/month':>12}{'$/month':>12}"
    for name, plan in plans:
        dollars = _UNKNOWN if plan.dollars_per_month is None else f"{plan.dollars_per_month:,.2f}"
        yield (
            f"{name:<16}{plan.series:>10,}{plan.requests_per_hour:>16,.0f}{plan.gigabytes_per_month:>12,.3f}{dollars:>12}"
        )
    for name, plan in plans:
        yield from (f"{name}: {note}" for note in plan.notes)

"""A price book as rows that people and programs read: what things cost, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analyzer.pricing.book import Answer, Fee, PriceBook, Reservation
from analyzer.pricing.instances import instance_types
from analyzer.pricing.path import FOREVER, Resource
from analyzer.pricing.price import Price
from analyzer.window import Window, rfc3339


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What one kind of node costs at the end of a window; the dollars are null where no source counts."""

    instance_type: str
    capacity_type: str
    region: str
    zone: str
    dollars_per_hour: float | None
    dollars_per_device_hour: float | None
    basis: str
    source: str
    as_of: date | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class StepLine:
    """A price from a time on."""

    start: str
    dollars_per_hour: float | None
    source: str


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What one source said; `steps` of the window, the first from its start on."""

    source: str
    is_winner: bool
    refused: str
    warning: str
    basis: str
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True)
class ReservationLine:
    """What is paid for, used or not; `unused` is null where EC2 was not asked."""

    id: str
    kind: str
    instance_type: str
    region: str
    zone: str
    count: int
    unused: int | None
    start: str | None
    end: str | None
    dollars_per_instance_hour: float | None
    source: str


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A line of its own in the bill."""

    name: str
    cluster: str
    instance_type: str
    dollars_per_hour: float | None
    source: str


def price_lines(book: PriceBook, resources: Iterable[Resource], window: Window) -> Iterator[PriceLine]:
    """One line for each resource."""
    for one in resources:
        price = book.path(one, window.start, window.end).at(window.end)
        yield _line(one, price, book.basis)


def answer_lines(answers: Sequence[Answer], window: Window) -> list[AnswerLine]:
    """The answers in the order in which they were given."""
    return [
        AnswerLine(one.source, one.is_winner, one.refused, one.warning, _basis(one), tuple(_steps(one, window)))
        for one in answers
    ]


def reservation_lines(reservations: Sequence[Reservation]) -> list[ReservationLine]:
    """All of them, one line for each price."""
    return [
        ReservationLine(
            one.id,
            one.kind,
            one.instance_type,
            one.region,
            one.zone,
            one.count,
            one.unused,
            rfc3339(one.start) if one.start else None,
            rfc3339(one.end) if one.end < FOREVER else None,
            one.price.dollars_per_hour if one.price else None,
            one.price.name if one.price else "",
        )
        for one in reservations
    ]


def fee_lines(fees: Sequence[Fee], window: Window) -> list[FeeLine]:
    """All of them, as they are at the end of the window."""
    found = []
    for one in fees:
        price = one.path.at(window.end)
        dollars = price.dollars_per_hour if price else None
        found.append(FeeLine(one.name, one.cluster, one.instance_type, dollars, price.name if price else ""))
    return found


def _line(one: Resource, price: Price | None, basis: str) -> PriceLine:
    entry = instance_types().get(one.instance_type)
    devices = entry.devices if entry else 0
    hourly = price.dollars_per_hour if price else None
    return PriceLine(
        one.instance_type,
        one.capacity_type,
        one.region,
        one.zone,
        hourly,
        hourly / devices if hourly and devices else None,
        price.basis if price else basis,
        price.source if price else "",
        price.as_of if price else None,
        price.is_stale if price else False,
    )


def _basis(answer: Answer) -> str:
    return ", ".join(sorted({price.basis for price in answer.path.prices()})) if answer.path else ""


def _steps(answer: Answer, window: Window) -> Iterator[StepLine]:
    if answer.path:
        for since, _, price in answer.path.spells(window.start, window.end):
            yield StepLine(rfc3339(since), price.dollars_per_hour if price else None, price.name if price else "")

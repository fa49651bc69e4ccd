"""Prices on a terminal or as JSON: the list of what things cost, and the reasons for one price."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from analyzer.pricing.book import PriceBook
from analyzer.pricing.path import Resource
from analyzer.pricing.told import (
    AnswerLine,
    FeeLine,
    PriceLine,
    ReservationLine,
    answer_lines,
    fee_lines,
    price_lines,
    reservation_lines,
)
from analyzer.report.look import UNKNOWN, plain
from analyzer.window import Window

_WIDTH = 118
_STEPS_SHOWN = 5


def listed(book: PriceBook, resources: Sequence[Resource], window: Window, form: str) -> str:
    """What the resources, the reservations and the fees cost."""
    prices = [one for one in price_lines(book, resources, window) if one.dollars_per_hour or len(resources) == 1]
    told = reservation_lines(book.reservations)
    fees = fee_lines(book.fees, window)
    if form == "json":
        return _json(
            {
                "price_basis": book.basis,
                "prices": prices,
                "reservations": told,
                "fees": fees,
                "warnings": book.warnings,
            }
        )
    parts = [_prices(prices)] + ([_reservations(told)] if told else []) + ([_fees(fees)] if fees else [])
    return _text(parts, book.warnings)


def reasoned(book: PriceBook, resource: Resource, window: Window, form: str, is_aws_told: bool) -> str:
    """What each source says of one resource, the one that counts first."""
    answers = answer_lines(book.why(resource, window.start, window.end), window)
    book.path(resource, window.start, window.end)  # its warning is the book's
    if form == "json":
        told = {"resource": resource, "price_basis": book.basis, "answers": answers, "warnings": book.warnings}
        return _json(told)
    notes = [*book.warnings, *([] if is_aws_told else ["AWS was not asked for prices (--ask-aws)"])]
    return _headline(resource, book.basis, answers) + _text([_answers(answers)] if answers else [], notes)


def _headline(resource: Resource, basis: str, answers: list[AnswerLine]) -> str:
    named = resource.node or resource.instance_type or "the node"
    facts = (resource.instance_type, resource.capacity_type, resource.zone or resource.region, resource.reservation_id)
    facts_told = ", ".join(one for one in facts if one and one != named)
    winner = next((one for one in answers if one.is_winner), None)
    said = f"from {winner.source}" if winner else "the price is unknown: no source counts"
    return plain(f"{named} ({facts_told}), {basis} basis: {said}") + "\n"


def _prices(lines: list[PriceLine]) -> Table:
    table = _table(
        "instance type", "capacity", "where", "$/h", "$/device-h", "basis", "source", numbers=("$/h", "$/device-h")
    )
    for one in lines:
        age = f", {one.as_of}{', stale' if one.is_stale else ''}" if one.as_of else ""
        table.add_row(
            *_cells(
                one.instance_type,
                one.capacity_type,
                one.zone or one.region,
                _dollars(one.dollars_per_hour),
                _dollars(one.dollars_per_device_hour),
                one.basis,
                f"{one.source}{age}" if one.source else "no source has a price",
            )
        )
    return table


def _reservations(lines: list[ReservationLine]) -> Table:
    table = _table(
        "reservation", "kind", "instances", "unused", "where", "$/h each", "from", "to", numbers=("$/h each",)
    )
    for one in lines:
        table.add_row(
            *_cells(
                one.id,
                one.kind.removeprefix("capacity-"),
                f"{one.count} x {one.instance_type}",
                UNKNOWN if one.unused is None else str(one.unused),
                one.zone or one.region,
                _dollars(one.dollars_per_instance_hour),
                _minute(one.start) if one.start else "always",
                _minute(one.end) if one.end else "open",
            )
        )
    return table


def _fees(lines: list[FeeLine]) -> Table:
    table = _table("fee", "cluster", "for each", "$/h", "source", numbers=("$/h",))
    for one in lines:
        each = f"{one.instance_type} node" if one.instance_type else "cluster"
        table.add_row(*_cells(one.name, one.cluster, each, _dollars(one.dollars_per_hour), one.source))
    return table


def _answers(answers: list[AnswerLine]) -> Table:
    table = _table("", "source", "$/h", "basis", "why not", numbers=("$/h",))
    for one in answers:
        changes = [_dollars(step.dollars_per_hour) for step in one.steps]
        shown = " → ".join(changes[-_STEPS_SHOWN:])
        more = f"({len(changes)} prices) … " if len(changes) > _STEPS_SHOWN else ""
        why = one.refused or ("" if one.is_winner else "another source goes before it")
        table.add_row(*_cells("*" if one.is_winner else "", one.source, more + shown, one.basis, why))
    return table


def _table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _cells(*texts: str) -> list[str]:
    return [plain(text) for text in texts]


def _minute(at: str) -> str:
    """2026-11-10T11:30:00Z, shorter."""
    return at[:16].replace("T", " ")


def _dollars(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.4f}"


def _text(tables: list[Table], notes: list[str]) -> str:
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, highlight=False, markup=False, emoji=False)
    for table in tables:
        console.print(table)
        console.print()
    for note in notes:
        console.print(f"note: {plain(note)}")
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().rstrip("\n").splitlines())


def _json(content: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"

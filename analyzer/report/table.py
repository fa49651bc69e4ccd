"""The report on a terminal: the bill as one bar that adds up, then models, idle holders, blind spots."""

from __future__ import annotations

import io
import sys
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.ledger.states import ACTIVE_GOOD, ACTIVE_UNPROVEN
from analyzer.report.look import UNKNOWN, colour_of, count, dollars, figure, filling_of, percent, span
from analyzer.report.model import Model, Report

_WIDTH = 110
_SPOTS_SHOWN = 5


def table(report: Report) -> str:
    """The whole report as text; with colours when stdout is a terminal."""
    out = io.StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=out,
        width=_WIDTH,
        force_terminal=is_terminal,
        color_system="truecolor" if is_terminal else None,
        highlight=False,
    )
    _headline(console, report)
    _bill(console, report)
    _key_figures(console, report)
    if report.models:
        console.print(_models(report.models))
    _idle(console, report)
    _blind(console, report)
    for warning in report.warnings:
        console.print(f"note: {warning}", style="dim")
    return out.getvalue()


def _headline(console: Console, report: Report) -> None:
    start, end = (datetime.fromisoformat(at) for at in (report.window.start, report.window.end))
    long = span((end - start).total_seconds())
    bill = report.bill.dollars
    if bill.value is None:
        console.print(f"The bill of these {long} is unknown: {bill.reason}.", style="bold")
    else:
        good = sum(line.dollars for line in report.ledger if line.state == ACTIVE_GOOD)
        maybe = sum(line.dollars for line in report.ledger if line.state == ACTIVE_UNPROVEN)
        cents = f"{100 * good / bill.value:.0f}"
        if maybe > 0.005 * bill.value:
            cents += f" to {100 * (good + maybe) / bill.value:.0f}"
        console.print(
            f"Of {dollars(bill.value)} in {long}, {cents} cents of each dollar bought good work.", style="bold"
        )
    console.print(
        f"{report.window.start} to {report.window.end}; {report.bill.price_basis} prices,"
        f" {percent(bill.coverage)} of node time priced; lifetimes {report.bill.lifetime}",
        style="dim",
    )
    console.print()


def _bill(console: Console, report: Report) -> None:
    total = report.bill.dollars.value
    if not report.ledger or not total:
        return
    bar = Text()
    ends = 0.0
    for line in report.ledger:
        begins, ends = ends, ends + line.dollars / total
        cells = round(ends * _WIDTH) - round(begins * _WIDTH)
        bar.append(filling_of(line.state) * cells, style=colour_of(line.state))
    console.print(bar)
    lines = Table(box=None, padding=(0, 1), show_header=True, header_style="dim")
    for name, where in (
        ("", "left"),
        ("state", "left"),
        ("dollars", "right"),
        ("share", "right"),
        ("accelerator-hours", "right"),
    ):
        lines.add_column(name, justify="right" if where == "right" else "left")
    for line in report.ledger:
        lines.add_row(
            Text(filling_of(line.state) * 2, style=colour_of(line.state)),
            line.state,
            f"${line.dollars:,.2f}",
            percent(line.dollars / total),
            f"{line.accelerator_seconds / 3600:,.1f}",
        )
    seconds = sum(line.accelerator_seconds for line in report.ledger)
    lines.add_row(
        "",
        "the bill",
        f"${sum(line.dollars for line in report.ledger):,.2f}",
        "100 %",
        f"{seconds / 3600:,.1f}",
        style="bold",
    )
    console.print(lines)
    console.print()


def _key_figures(console: Console, report: Report) -> None:
    """The few numbers that people quote, and how much hangs on the effective target."""
    one = report.kpis
    if one.waste_ratio.value is None:
        return
    others = ", ".join(
        f"{figure(value, percent)} at {target}" for target, value in one.waste_ratio_at_other_targets.items()
    )
    console.print(
        f"Not good work: {figure(one.waste_ratio, percent)} of the bill ({others} as effective target)."
        f" Idle {figure(one.idle_dollars_per_hour)}/h, free {figure(one.free_dollars_per_hour)}/h."
    )
    console.print(
        f"Per dollar {figure(one.tokens_per_dollar, count)} tokens, {figure(one.good_tokens_per_dollar, count)} good;"
        f" {figure(one.joules_per_token, count)} J per token;"
        f" {figure(one.cold_start_dollars_per_start)} per start of a pod."
    )
    console.print()


def _models(models: list[Model]) -> Table:
    lines = Table(
        title="Models: dollars per million generated tokens",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
    )
    lines.add_column("namespace/model", overflow="fold", min_width=24)
    for name in ("$ held", "held /1M", "loaded /1M", "good /1M", "tok/s", "busy", "effective"):
        lines.add_column(name, justify="right")
    for one in models:
        lines.add_row(
            f"{one.namespace}/{one.model}" if one.namespace else one.model,
            figure(one.dollars.held),
            figure(one.dollars_per_million.output),
            figure(one.dollars_per_million_loaded_output),
            figure(one.dollars_per_million.good),
            figure(one.tokens_per_second, count),
            figure(one.busy_ratio, percent),
            figure(one.effective_ratio, percent),
        )
    return lines


def _idle(console: Console, report: Report) -> None:
    if not report.idle_holders:
        return
    console.print("Dearest idle holders", style="bold")
    for one in report.idle_holders:
        console.print(
            f"  {one.namespace}/{one.workload} held {one.accelerator_seconds / 3600:,.1f} accelerator-hours"
            f" without work: {dollars(one.dollars)}"
        )
    console.print()


def _blind(console: Console, report: Report) -> None:
    if not report.blind_spots:
        return
    console.print("Blind spots", style="bold")
    for one in report.blind_spots[:_SPOTS_SHOWN]:
        amount = UNKNOWN if one.dollars is None else dollars(one.dollars)
        console.print(f"  {amount} at {one.subject_kind} {one.subject}: no {one.signal} signal; {one.remedy}")
    rest = report.blind_spots[_SPOTS_SHOWN:]
    if rest:
        console.print(f"  {dollars(sum(one.dollars or 0 for one in rest))} at {len(rest)} more", style="dim")
    console.print()

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
from analyzer.report.account_text import account_lines
from analyzer.report.advice_text import advice_title, amount, shown, standing
from analyzer.report.look import UNKNOWN, colour_of, count, dollars, figure, filling_of, percent, plain, span
from analyzer.report.model import BlindSpot, Model, Report
from analyzer.report.tradeoff_text import tradeoff_lines
from analyzer.report.yield_text import COLUMNS, TITLE, yield_lines, yield_rows

_WIDTH = 110
_SPOTS_SHOWN = 5
_NAMES_SHOWN = 2


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
        markup=False,  # names come from labels: neither markup nor emoji
        emoji=False,
    )
    _headline(console, report)
    _bill(console, report)
    _fees(console, report)
    _key_figures(console, report)
    _findings(console, report)
    if report.models:
        console.print(_models(report.models))
    _yields(console, report)
    _tradeoffs(console, report)
    _accounts(console, report)
    _idle(console, report)
    _blind(console, report)
    _standing(console, report)
    for warning in report.warnings:
        console.print(f"note: {plain(warning)}", style="dim")
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
        console.print(f"Of {figure(bill)} in {long}, {cents} cents of each dollar bought good work.", style="bold")
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


def _fees(console: Console, report: Report) -> None:
    """What is paid beside the bill; no state of an accelerator has it."""
    if report.bill.fees:
        told = ", ".join(f"{plain(fee.name)} {figure(fee.dollars)}" for fee in report.bill.fees)
        console.print(f"Beside the bill: {told}.")
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


def _findings(console: Console, report: Report) -> None:
    """The largest findings, two lines each."""
    title = advice_title(report)
    if not title:
        return
    console.print(plain(title), style="bold")
    lines = Table(box=None, padding=(0, 1), show_header=False)
    lines.add_column(justify="right", no_wrap=True)
    lines.add_column(overflow="fold")
    for one in shown(report.findings):
        lines.add_row(amount(one), Text(plain(one.headline)))
        lines.add_row("", Text.assemble(plain(one.remedy), ("  " + standing(one), "dim")))
    console.print(lines)
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
            plain(f"{one.namespace}/{one.model}" if one.namespace else one.model),
            figure(one.dollars.held),
            figure(one.dollars_per_million.output),
            figure(one.dollars_per_million_loaded_output),
            figure(one.dollars_per_million.good),
            figure(one.tokens_per_second, count),
            figure(one.busy_ratio, percent),
            figure(one.effective_ratio, percent),
        )
    return lines


def _yields(console: Console, report: Report) -> None:
    rows = yield_rows(report)
    if not rows:
        return
    lines = Table(title=TITLE, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1))
    lines.add_column(COLUMNS[0], overflow="fold", min_width=24)
    for name in COLUMNS[1:]:
        lines.add_column(name, justify="right")
    for name, *cells in rows:
        lines.add_row(plain(name), *cells)
    console.print(lines)
    for line in yield_lines(report):
        console.print(f"  {plain(line)}")
    console.print()


def _tradeoffs(console: Console, report: Report) -> None:
    lines = tradeoff_lines(report.tradeoffs)
    if lines:
        console.print("Throughput over requests running (gpuyield tradeoff shows each)", style="bold")
    for line in lines:
        console.print(f"  {plain(line)}")
    if lines:
        console.print()


def _accounts(console: Console, report: Report) -> None:
    lines = account_lines(report)
    for line in lines:
        console.print(plain(line))
    if lines:
        console.print()


def _idle(console: Console, report: Report) -> None:
    if not report.idle_holders:
        return
    console.print("Dearest idle holders", style="bold")
    for one in report.idle_holders:
        console.print(
            f"  {plain(f'{one.namespace}/{one.workload}')} held {one.accelerator_seconds / 3600:,.1f}"
            f" accelerator-hours without work: {dollars(one.dollars)}"
        )
    console.print()


def _blind(console: Console, report: Report) -> None:
    """Spots that one remedy cures are one line."""
    if not report.blind_spots:
        return
    console.print("Blind spots", style="bold")
    cured: dict[tuple[str, str, str], list[BlindSpot]] = {}
    for one in report.blind_spots:
        cured.setdefault((one.signal, one.subject_kind, one.remedy), []).append(one)
    lines = list(cured.items())
    for (signal, kind, remedy), spots in lines[:_SPOTS_SHOWN]:
        console.print(f"  {_amount(spots)} at {_subjects(kind, spots)}: no {signal} signal; {remedy}")
    rest = [spot for _, spots in lines[_SPOTS_SHOWN:] for spot in spots]
    if rest:
        console.print(f"  {_amount(rest)} at {len(rest)} more", style="dim")
    console.print()


def _amount(spots: list[BlindSpot]) -> str:
    known = [spot.dollars for spot in spots if spot.dollars is not None]
    return dollars(sum(known)) if known else UNKNOWN


def _subjects(kind: str, spots: list[BlindSpot]) -> str:
    names = ", ".join(plain(spot.subject) for spot in spots[:_NAMES_SHOWN])
    if len(spots) == 1:
        return names if names.startswith("this ") else f"{kind} {names}"
    return f"{len(spots)} {kind}s ({names}{', …' if len(spots) > _NAMES_SHOWN else ''})"


def _standing(console: Console, report: Report) -> None:
    """What the figures stand on: where instance types came from, and how well the sources fit together."""
    rungs = report.bill.instance_type_rungs
    nodes, spent = sum(rung.nodes for rung in rungs), sum(rung.dollars for rung in rungs)
    if rungs:
        told = "; ".join(
            f"{rung.rung} ({percent(rung.nodes / nodes)} of nodes"
            + (f", {percent(rung.dollars / spent)} of dollars)" if spent else ")")
            for rung in rungs
        )
        console.print(f"Instance types from {told}.", style="dim")
    joins = ", ".join(
        f"{one.join} {one.matched} of {one.total} ({percent(one.matched / one.total)})"
        for one in report.joins
        if one.total
    )
    if joins:
        console.print(f"Joins: {joins}.", style="dim")

"""The diagnosis on a terminal: what to do first, then what is there, what is not, and the objects to apply."""

from __future__ import annotations

import io
import sys
from datetime import datetime

from rich import box
from rich.console import Console
from rich.table import Table

from analyzer.doctor.model import ABSENT, OLDER_NAME, PARTLY, PRESENT, QUIET, STALE, WRONG_SCALE, Diagnosis, Unscraped
from analyzer.ledger.joins import GOOD_MATCH_RATIO
from analyzer.report.look import UNKNOWN, count, dollars, percent, plain, span

_WIDTH = 118
_HOLDERS_SHOWN = 5
_MARKS = {PRESENT: "+", QUIET: "+", OLDER_NAME: "~", PARTLY: "~", STALE: "!", WRONG_SCALE: "!", ABSENT: "-"}


def table(diagnosis: Diagnosis) -> str:
    """The whole diagnosis as text; with colours when stdout is a terminal."""
    out = io.StringIO()
    console = Console(
        file=out, width=_WIDTH, force_terminal=sys.stdout.isatty(), highlight=False, markup=False, emoji=False
    )
    _headline(console, diagnosis)
    _steps(console, diagnosis)
    console.print(_sources(diagnosis))
    console.print(_signals(diagnosis))
    console.print(_joins(diagnosis))
    _decides(console, diagnosis)
    _monitors(console, diagnosis)
    for warning in diagnosis.warnings:
        console.print(f"note: {plain(warning)}", style="dim")
    return out.getvalue()


def _headline(console: Console, diagnosis: Diagnosis) -> None:
    start, end = (datetime.fromisoformat(at) for at in (diagnosis.window.start, diagnosis.window.end))
    long = span((end - start).total_seconds())
    if diagnosis.bill_dollars is None:
        text = f"The bill of these {long} is unknown."
    else:
        share = percent(diagnosis.blind_dollars / diagnosis.bill_dollars)
        text = f"{dollars(diagnosis.blind_dollars)} of {dollars(diagnosis.bill_dollars)} in {long} are blind ({share})."
    console.print(text, style="bold")
    console.print(
        plain(f"{diagnosis.store}; {diagnosis.window.start} to {diagnosis.window.end}"), style="dim", soft_wrap=True
    )


def _steps(console: Console, diagnosis: Diagnosis) -> None:
    if not diagnosis.next_steps:
        console.print("Nothing to install: every signal that decides a state is there.\n")
        return
    console.print("\nWhat to do next, by what it makes visible", style="bold")
    for number, step in enumerate(diagnosis.next_steps, 1):
        worth = dollars(step.dollars) if step.dollars else UNKNOWN
        console.print(plain(f"{number}. {worth}  {step.do}"))
        console.print(plain(f"   {step.why}"), style="dim")
    console.print()


def _sources(diagnosis: Diagnosis) -> Table:
    shown = Table(title="Sources", title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for name in ("", "source", "state", "signals", "series", "versions", "newest (UTC)"):
        shown.add_column(name, justify="right" if name in ("signals", "series") else "left")
    for line in diagnosis.sources:
        shown.add_row(
            _MARKS[line.state],
            line.source,
            line.state,
            str(line.signals) if line.signals else UNKNOWN,
            count(line.series) if line.series else UNKNOWN,
            plain(", ".join(line.versions)) or UNKNOWN,
            _time(line.newest),
        )
    return shown


def _signals(diagnosis: Diagnosis) -> Table:
    shown = Table(title="Signals", title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for name in ("", "signal", "state", "answered by", "series", "every", "newest (UTC)"):
        shown.add_column(name, justify="right" if name in ("series", "every") else "left")
    for line in diagnosis.signals:
        shown.add_row(
            _MARKS[line.state],
            line.signal,
            line.state,
            plain(line.detail or _names(line.names)),
            count(line.series) if line.series else UNKNOWN,
            f"{line.interval_seconds:g} s" if line.interval_seconds else UNKNOWN,
            _time(line.newest),
        )
    return shown


def _names(names: list[str]) -> str:
    if not names:
        return UNKNOWN
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _time(at: str | None) -> str:
    return at[5:16].replace("T", " ") if at else UNKNOWN


def _joins(diagnosis: Diagnosis) -> Table:
    shown = Table(title="Joins", title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for name in ("", "join", "matched", "of", "rate", "by", "dollars without"):
        shown.add_column(name, justify="right" if name in ("matched", "of", "rate", "dollars without") else "left")
    for line in diagnosis.joins:
        ratio = line.matched_ratio
        shown.add_row(
            "-" if ratio is None else "+" if ratio >= GOOD_MATCH_RATIO else "!",
            line.join,
            count(line.matched),
            count(line.total),
            UNKNOWN if ratio is None else percent(ratio),
            plain(", ".join(f"{way} {number}" for way, number in line.by_way.items())) or UNKNOWN,
            dollars(line.dollars) if line.dollars else UNKNOWN,
        )
    return shown


def _decides(console: Console, diagnosis: Diagnosis) -> None:
    missing = [line for line in diagnosis.signals if line.state in (ABSENT, STALE, WRONG_SCALE)]
    if not missing:
        return
    console.print("What cannot be told without them", style="bold")
    for line in missing:
        console.print(plain(f"{_MARKS[line.state]} {line.signal}: {line.decides}"))
        console.print(plain(f"    {line.remedy}"), style="dim")
    console.print()


def _monitors(console: Console, diagnosis: Diagnosis) -> None:
    for line in diagnosis.unscraped:
        if line.engine:
            console.print(plain(f"{_holder(line)} ({line.engine}). To have it scraped:"), style="bold")
            console.print(line.monitor, soft_wrap=True)
    others = [line for line in diagnosis.unscraped if not line.engine]
    if others:
        console.print("Holders of accelerators without an engine page (training, notebooks, or an engine to scrape)")
    for line in others[:_HOLDERS_SHOWN]:
        console.print(plain(f"  {_holder(line)}"), style="dim")
    if others[_HOLDERS_SHOWN:]:
        console.print(f"  and {len(others) - _HOLDERS_SHOWN} more", style="dim")


def _holder(line: Unscraped) -> str:
    worth = dollars(line.dollars) if line.dollars is not None else UNKNOWN
    pods = f"{line.pods} pods" if line.pods > 1 else "1 pod"
    return f"{line.namespace}/{line.workload}: {pods} for {worth}, {line.reason}"

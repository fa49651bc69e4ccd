"""The diagnosis on a terminal: what to do first, then what is there, what is not, and the objects to apply."""

from __future__ import annotations

import io
import shutil
import sys
from datetime import datetime

from rich.console import Console

from analyzer.doctor.columns import joins, signals, sources
from analyzer.doctor.model import OLDER_NAME, Diagnosis, SignalLine, Unscraped
from analyzer.doctor.prescription import LEAST_SHARE, counted
from analyzer.report.look import UNKNOWN, dollars, percent, plain, span

_WIDTH, _NARROWEST = 118, 80
_HOLDERS_SHOWN = 5
_MONITORS_SHOWN = 3
_LEGEND = "+ there  ~ in part or by an older name  ! not right  - missing  blank: no need"


def table(diagnosis: Diagnosis, width: int | None = None) -> str:
    """The whole diagnosis as text; with colours when stdout is a terminal, and then as wide as that."""
    out = io.StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=out,
        width=width or _width(is_terminal),
        force_terminal=is_terminal,
        highlight=False,
        markup=False,  # names come from labels: neither markup nor emoji
        emoji=False,
    )
    _headline(console, diagnosis)
    _steps(console, diagnosis)
    _tables(console, diagnosis)
    _decides(console, diagnosis)
    _monitors(console, diagnosis)
    _holders(console, diagnosis)
    for warning in diagnosis.warnings:
        console.print(f"note: {plain(warning)}", style="dim")
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _width(is_terminal: bool) -> int:
    if not is_terminal:
        return _WIDTH
    return max(_NARROWEST, min(_WIDTH, shutil.get_terminal_size().columns))


def _headline(console: Console, diagnosis: Diagnosis) -> None:
    start, end = (datetime.fromisoformat(at) for at in (diagnosis.window.start, diagnosis.window.end))
    long = span((end - start).total_seconds())
    if not diagnosis.bill_dollars:
        text = f"The bill of these {long} is unknown."
    else:
        share = percent(diagnosis.blind_dollars / diagnosis.bill_dollars)
        text = f"{dollars(diagnosis.blind_dollars)} of {dollars(diagnosis.bill_dollars)} in {long} is blind ({share})."
        if diagnosis.unpriced_ratio > 0:
            text += f" {percent(diagnosis.unpriced_ratio)} of node time has no price."
    console.print(text, style="bold")
    where = f"{diagnosis.store}; {diagnosis.window.start} to {diagnosis.window.end}"
    console.print(plain(where), style="dim", soft_wrap=True)
    console.print()


def _steps(console: Console, diagnosis: Diagnosis) -> None:
    if not diagnosis.next_steps:
        least = percent(LEAST_SHARE)
        console.print("Nothing to install: every signal that decides a state is there,")
        console.print(f"and no single remedy would make {least} of the bill visible.", end="\n\n")
        return
    console.print("What to do next, by the spend that it makes visible", style="bold")
    worth = [dollars(step.dollars) if step.dollars else UNKNOWN for step in diagnosis.next_steps]
    wide = max(len(text) for text in worth)
    for number, (step, text) in enumerate(zip(diagnosis.next_steps, worth, strict=True), 1):
        _hung(console, f"{number}. {text:>{wide}}  ", step.do, "")
        _hung(console, " " * (wide + 5), step.why, "dim")
    console.print()


def _tables(console: Console, diagnosis: Diagnosis) -> None:
    for title, shown in (("Sources", sources), ("Signals", signals), ("Joins", joins)):
        console.print(title, style="bold")
        if title == "Signals":
            console.print(_LEGEND, style="dim")
        console.print(shown(diagnosis, console.width))
        console.print()


def _hung(console: Console, lead: str, text: str, style: str) -> None:
    """Text whose further lines begin where its first does."""
    for number, line in enumerate(_wrapped(plain(text), console.width - len(lead))):
        console.print((" " * len(lead) if number else lead) + line, style=style, soft_wrap=True)


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of whole words. A word is never cut, so that a flag or a name can be copied."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _decides(console: Console, diagnosis: Diagnosis) -> None:
    """By remedy, since one remedy often brings many signals; what is needed comes first."""
    missing: dict[tuple[bool, str], list[SignalLine]] = {}
    for line in diagnosis.signals:
        if line.remedy and line.state != OLDER_NAME:  # what an older name is called stands in the table
            missing.setdefault((not line.is_needed, line.remedy), []).append(line)
    for is_extra in (False, True):
        mine = {remedy: lines for (extra, remedy), lines in missing.items() if extra is is_extra}
        if mine:
            console.print("Good to have" if is_extra else "What cannot be told apart, and the remedy", style="bold")
        for remedy, lines in mine.items():
            for line in lines:
                _hung(console, "  ", f"{line.signal} ({line.state}): {line.decides}", "")
            _hung(console, "    -> ", remedy, "dim")
        if mine:
            console.print()


def _monitors(console: Console, diagnosis: Diagnosis) -> None:
    engines = [line for line in diagnosis.unscraped if line.engine]
    if not engines:
        return
    console.print("Engines that nobody reads, and what would change it", style="bold")
    for line in engines[:_MONITORS_SHOWN]:
        _hung(console, "  ", f"{_holder(line)}; {line.engine}", "")
        console.print("---\n" + line.monitor, soft_wrap=True)
    _rest(console, len(engines) - _MONITORS_SHOWN)


def _holders(console: Console, diagnosis: Diagnosis) -> None:
    others = [line for line in diagnosis.unscraped if not line.engine]
    if not others:
        return
    console.print(
        "Holders of accelerators without a known engine page (training, notebooks, other engines)", style="bold"
    )
    for line in others[:_HOLDERS_SHOWN]:
        _hung(console, "  ", _holder(line), "")
    _rest(console, len(others) - _HOLDERS_SHOWN)
    console.print()


def _rest(console: Console, number: int) -> None:
    if number > 0:
        console.print(f"  and {number} more (--format json has all)", style="dim")


def _holder(line: Unscraped) -> str:
    worth = dollars(line.dollars) if line.dollars is not None else UNKNOWN
    return f"{line.place}: {worth} in {counted(line.pods, 'pod')}, {line.reason}"

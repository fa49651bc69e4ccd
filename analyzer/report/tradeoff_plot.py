"""A trade-off on a terminal: a small picture of dollars over load, then the page of a `gpuyield tradeoff`."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.report.look import dollars
from analyzer.report.tradeoff_parts import PointPart, TradeoffPart
from analyzer.report.tradeoff_text import CHEAPEST, columns, footing, headline, number, replicas, rows, sensitivity

_PAGE = 110
_WIDTH, _HEIGHT = 64, 11
_NEUTRAL = "#5B7FA6"
# A mark is never told by its colour alone.
_MARKS = {"kept": "●", "": "●", "open": "○", "broken": "·"}
_ABOVE = "↑"
_TALLEST = 5  # times the cheapest: the first requests of a replica cost so much that nothing else would be seen


def page(parts: Sequence[TradeoffPart]) -> str:
    """All trade-offs as text; with colours when stdout is a terminal."""
    out = io.StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=out,
        width=_PAGE,
        force_terminal=is_terminal,
        color_system="truecolor" if is_terminal else None,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for one in parts:
        _subject(console, one)
    return out.getvalue()


def _subject(console: Console, one: TradeoffPart) -> None:
    console.print(headline(one), style="bold")
    for line in footing(one):
        console.print(f"  {line}", style="dim")
    console.print()
    if one.along:
        for picture in plot(one):
            console.print(picture)
        lines = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
        for head in columns(one)[:-1]:
            lines.add_column(head, justify="right")
        lines.add_column(columns(one)[-1])
        for cells in rows(one):
            lines.add_row(*cells)
        console.print(lines)
    for line in [*sensitivity(one), *filter(None, [replicas(one)])]:
        console.print(line)
    console.print()


def plot(one: TradeoffPart) -> list[Text]:
    """Dollars per million good tokens (tokens per second where no price is known) over requests running; the part
    that keeps the SLO solid, the cheapest point and the present load marked."""
    is_priced = any(_dollars(at) is not None for at in one.along)
    told = [(at, value) for at in one.along if (value := _dollars(at) if is_priced else _rate(at)) is not None]
    most_x, most_y = max(at.running for at, _ in told), max(value for _, value in told)
    top = min(most_y, _TALLEST * min(value for _, value in told)) if is_priced else most_y
    canvas = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    for at, value in sorted(told, key=lambda pair: pair[0] == one.cheapest):  # the cheapest over all others
        across = round(at.running / most_x * (_WIDTH - 1))
        up = round(min(value / top, 1) * (_HEIGHT - 1))
        mark = CHEAPEST if at == one.cheapest else _ABOVE if value > top else _MARKS[at.slo]
        canvas[_HEIGHT - 1 - up][across] = mark
    write = dollars if is_priced else number
    lines = [Text(f"  {'$ per 1M good tok' if is_priced else 'tok/s per replica'}", style="dim")]
    for row, cells in enumerate(canvas):
        label = write(top) if row == 0 else "0" if row == _HEIGHT - 1 else ""
        line = Text(f"{label:>9} │", style="dim")
        lines.append(line.append("".join(cells), style=_NEUTRAL))
    lines.append(Text(f"{'':>9} └{_axis(one, most_x)}", style="dim"))
    lines.append(Text(f"{'':>10}0{number(most_x) + ' running':>{_WIDTH}}", style="dim"))
    lines.append(Text(f"{'':>11}{_legend(one)}", style="dim"))
    return lines


def _axis(one: TradeoffPart, most: float) -> str:
    """The line under the picture with the present load on it."""
    line = ["─"] * _WIDTH
    line[min(round(one.now.running / most * (_WIDTH - 1)), _WIDTH - 1)] = "▲"
    return "".join(line)


def _legend(one: TradeoffPart) -> str:
    marks = [f"{CHEAPEST} cheapest"] if one.cheapest else []
    words = {"kept": "SLO kept", "open": "not proven", "broken": "broken"}
    marks += [f"{_MARKS[word]} {text}" for word, text in words.items() if any(at.slo == word for at in one.along)]
    return "   ".join([*marks, "▲ now"])


def _dollars(at: PointPart) -> float | None:
    """The best estimate, or the least where none is proven."""
    told = at.dollars_per_million_good
    return told.low if told.value is None else told.value


def _rate(at: PointPart) -> float | None:
    return at.tokens_per_second.value

"""The three tables of a diagnosis: sources, signals, joins. A row is a line, cut with an ellipsis where it is long."""

from __future__ import annotations

from itertools import groupby
from typing import Literal

from rich import box
from rich.table import Table

from analyzer.doctor.model import (
    ABSENT,
    OLDER_NAME,
    PARTLY,
    PRESENT,
    QUIET,
    STALE,
    WRONG_SCALE,
    Diagnosis,
    SignalLine,
)
from analyzer.ledger.joins import GOOD_MATCH_RATIO
from analyzer.report.look import UNKNOWN, count, dollars, percent, plain

_MARKS = {PRESENT: "+", QUIET: "+", OLDER_NAME: "~", PARTLY: "~", STALE: "!", WRONG_SCALE: "!", ABSENT: "-"}
_GAP = 3
_ROOMY = 100
_NUMBERS = frozenset({"signals", "series", "every", "matched", "of", "rate", "in doubt"})


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]], width: int, spare: tuple[str, ...] = ()) -> Table:
    """The last column gives way where there is no room; before it, where the terminal is narrow, those to spare."""
    *firm, last = names
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    kept = [place for place, name in enumerate(firm) if width >= _ROOMY or name not in spare]
    room = width
    for place in kept:
        wide = max(len(names[place]), *(len(row[place]) for row in rows))
        shown.add_column(names[place], justify=_justify(names[place]), no_wrap=True, width=wide)
        room -= wide + _GAP
    shown.add_column(last, no_wrap=True, overflow="ellipsis", max_width=max(room, len(last)))
    for row in rows:
        shown.add_row(*(row[place] for place in kept), row[-1])
    return shown


def _justify(name: str) -> Literal["left", "right"]:
    return "right" if name in _NUMBERS else "left"


def sources(diagnosis: Diagnosis, width: int) -> Table:
    """Producers; the versions are a column only where one says its own."""
    has_versions = any(line.versions for line in diagnosis.sources)
    names = ("", "source", "state", "signals", "series", "newest (UTC)", *(("versions",) if has_versions else ()))
    rows: list[tuple[str, ...]] = []
    for line in diagnosis.sources:
        is_there = line.state != ABSENT
        versions = plain(", ".join(line.versions)) or (UNKNOWN if is_there else "")
        row = (
            _MARKS[line.state] if is_there else "",  # no cluster has them all
            line.source,
            line.state,
            str(line.signals) if is_there else "",
            count(line.series) if is_there else "",
            _time(line.newest),
        )
        rows.append((*row, versions) if has_versions else row)
    return _table(names, rows, width, ("signals", "series"))


def signals(diagnosis: Diagnosis, width: int) -> Table:
    """Every signal, an empty line between those of devices, nodes, pods, engines and targets."""
    names = ("", "signal", "state", "series", "every", "newest (UTC)", "answered by")
    rows: list[tuple[str, ...]] = []
    for _, lines in groupby(diagnosis.signals, key=lambda line: line.subject):
        rows += [("",) * len(names)] if rows else []
        rows += [
            (
                _mark(line),
                line.signal,
                line.state,
                count(line.series) if line.series else "",
                f"{line.interval_seconds:g} s" if line.interval_seconds else "",
                _time(line.newest),
                plain(line.detail or _names(line.names)),
            )
            for line in lines
        ]
    return _table(names, rows, width, ("series", "every", "newest (UTC)"))


def _mark(line: SignalLine) -> str:
    return "" if line.state == ABSENT and not line.is_needed else _MARKS[line.state]


def _names(names: list[str]) -> str:
    if len(names) < 2:
        return names[0] if names else ""
    return f"{names[0]} and {len(names) - 1} more"


def _time(at: str | None) -> str:
    return at[5:16].replace("T", " ") if at else ""


def joins(diagnosis: Diagnosis, width: int) -> Table:
    """How many of each found what they belong to; what rests on the others only where there are others."""
    has_doubt = any(line.matched < line.total for line in diagnosis.joins)
    names = ("", "join", "matched", "of", "rate", *(("in doubt",) if has_doubt else ()), "by")
    rows: list[tuple[str, ...]] = []
    for line in diagnosis.joins:
        ratio = line.matched_ratio
        doubt = UNKNOWN if line.dollars is None else dollars(line.dollars)
        row: tuple[str, ...] = (
            "" if ratio is None else "+" if ratio >= GOOD_MATCH_RATIO else "!",
            line.join,
            count(line.matched) if line.total else "",
            count(line.total) if line.total else "",
            UNKNOWN if ratio is None else percent(ratio),
        )
        row += (doubt if line.matched < line.total else "",) if has_doubt else ()
        rows.append((*row, plain(", ".join(f"{way} {number}" for way, number in line.by_way.items()))))
    return _table(names, rows, width)

"""The producers of series that gpuyield knows: which are there, what they answer, which versions they say they are."""

from __future__ import annotations

from collections import defaultdict

from analyzer.doctor.catalogue import SIGNALS
from analyzer.doctor.model import ABSENT, PRESENT, STALE, SignalLine, SourceLine
from analyzer.ledger.inputs import has
from analyzer.ledger.ledger import Ledger
from analyzer.window import rfc3339
from exporters.canonical import targets
from exporters.metric import Metric
from exporters.upstream import families

# What the doctor reads beyond the ledger's own questions.
_BUILD, _DRIVER = "producer_build", "driver"
ALSO: dict[str, Metric] = {_BUILD: targets.build_info, _DRIVER: targets.driver_info}


def source_lines(ledger: Ledger, signals: list[SignalLine]) -> list[SourceLine]:
    """A line per known producer, those that are not there too. One is stale when all that it answers is."""
    answers = _answers(ledger)
    versions = _versions(ledger)
    states = {signal.table: line.state for signal, line in zip(SIGNALS, signals, strict=True)}
    lines = []
    for family in families().values():
        mine = answers.get(family.name, {})
        newest = max((at for _, at in mine.values()), default=None)
        lines.append(
            SourceLine(
                family.title,
                _state({states[table] for table in mine}),
                len(mine),
                sum(series for series, _ in mine.values()),
                versions.get(family.name, []),
                rfc3339(newest) if newest else None,
            )
        )
    return sorted(lines, key=lambda line: (line.state == ABSENT, line.source.lower()))


def _state(states: set[str]) -> str:
    """`states` are those of the signals that a producer answers."""
    if not states:
        return ABSENT
    return STALE if STALE in states and states <= {STALE, ABSENT} else PRESENT  # absent: its series say nothing


def _answers(ledger: Ledger) -> dict[str, dict[str, tuple[int, int]]]:
    """Producer -> table -> (series, newest sample before the window's end)."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for signal in SIGNALS:
        rows = ledger.inputs.db.execute(
            f"SELECT producer, count(DISTINCT series), max(t) FROM {signal.table} JOIN {signal.table}_series"
            f" USING (series) WHERE NOT isnan(value) AND t < {ledger.window.end} GROUP BY producer"
        ).fetchall()
        for producer, series, newest in rows:
            found[producer][signal.table] = (series, newest)
    return found


def _versions(ledger: Ledger) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for table, title in ((_BUILD, ""), (_DRIVER, "driver ")):
        for row in ledger.inputs.series(table) if has(ledger.inputs, table) else []:
            if row["version"]:
                found[row["producer"]].add(title + row["version"])
    return {producer: sorted(versions) for producer, versions in found.items()}

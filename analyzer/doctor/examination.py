"""Puts a diagnosis together from one ledger."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from analyzer.doctor.catalogue import SIGNALS
from analyzer.doctor.model import (
    ABSENT,
    DIAGNOSIS_VERSION,
    PRESENT,
    STALE,
    Diagnosis,
    JoinLine,
    SignalLine,
    SourceLine,
)
from analyzer.doctor.prescription import next_steps
from analyzer.doctor.signals import signal_lines
from analyzer.doctor.unscraped import unscraped
from analyzer.ledger.inputs import has
from analyzer.ledger.joins import blind_dollars
from analyzer.ledger.ledger import Ledger
from analyzer.report.model import Report, WindowPart
from analyzer.window import CELL_SECONDS, rfc3339
from exporters.canonical import targets
from exporters.metric import Metric
from exporters.upstream import families

BUILD = "producer_build"
ALSO: dict[str, Metric] = {BUILD: targets.build_info}


def diagnose(ledger: Ledger, report: Report, store: str, release: str = "", now: datetime | None = None) -> Diagnosis:
    """All that can be said of where the samples come from. `store` is its description; `release`: see monitors."""
    signals = signal_lines(ledger)
    left_out = unscraped(ledger, release)
    return Diagnosis(
        diagnosis_version=DIAGNOSIS_VERSION,
        generated_at=(now or datetime.now(UTC)).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        window=WindowPart(rfc3339(ledger.window.start), rfc3339(ledger.window.end), CELL_SECONDS),
        store=store,
        bill_dollars=report.bill.dollars.value,
        blind_dollars=math.fsum(spot.dollars or 0.0 for spot in report.blind_spots),
        sources=_sources(ledger, signals),
        signals=signals,
        joins=[
            JoinLine(
                join.subject,
                join.total,
                join.total - join.unmatched,
                join.by_way,
                join.matched_ratio,
                blind_dollars(ledger, join),
            )
            for join in ledger.joins
        ],
        blind_spots=report.blind_spots,
        unscraped=left_out,
        next_steps=next_steps(report, signals, left_out),
        warnings=report.warnings,
    )


def _sources(ledger: Ledger, signals: list[SignalLine]) -> list[SourceLine]:
    """A line per producer that gpuyield knows, those that are not there too."""
    versions = _versions(ledger)
    lines = []
    for name, family in sorted(families().items()):
        rows = [_seen(ledger, signal.table, family.name) for signal in SIGNALS]
        answered = [(series, newest) for series, newest in rows if series]
        states = [line.state for line, (series, _) in zip(signals, rows, strict=True) if series]
        newest = max((at for _, at in answered), default=None)
        state = ABSENT if not answered else STALE if all(one == STALE for one in states) else PRESENT
        lines.append(
            SourceLine(
                family.title,
                state,
                len(answered),
                sum(series for series, _ in answered),
                versions.get(name, []),
                rfc3339(newest) if newest else None,
            )
        )
    return lines


def _seen(ledger: Ledger, table: str, producer: str) -> tuple[int, int]:
    """Series of one producer in one table, and its newest sample."""
    series, newest = ledger.inputs.db.execute(
        f"SELECT count(DISTINCT series), coalesce(max(t), 0) FROM {table} JOIN {table}_series USING (series)"
        " WHERE producer = ? AND NOT isnan(value) AND t < ?",
        [producer, ledger.window.end],
    ).fetchall()[0]
    return int(series), int(newest)


def _versions(ledger: Ledger) -> dict[str, list[str]]:
    if not has(ledger.inputs, BUILD):
        return {}
    found: dict[str, set[str]] = {}
    for row in ledger.inputs.series(BUILD):
        if row["version"]:
            found.setdefault(row["producer"], set()).add(row["version"])
    return {producer: sorted(versions) for producer, versions in found.items()}

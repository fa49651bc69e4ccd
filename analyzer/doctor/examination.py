"""Puts a diagnosis together from one ledger."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from analyzer.doctor import scale, sources, unscraped
from analyzer.doctor.model import DIAGNOSIS_VERSION, Diagnosis, JoinLine
from analyzer.doctor.prescription import next_steps
from analyzer.doctor.signals import signal_lines
from analyzer.doctor.sources import source_lines
from analyzer.doctor.unscraped import unscraped_pods
from analyzer.ledger.joins import blind_dollars
from analyzer.ledger.ledger import Ledger
from analyzer.report.model import Report, WindowPart
from analyzer.window import CELL_SECONDS, rfc3339
from exporters.metric import Metric

# What the doctor reads beyond the ledger's own questions.
ALSO: dict[str, Metric] = {**scale.ALSO, **sources.ALSO, **unscraped.ALSO}


def diagnose(ledger: Ledger, report: Report, store: str, release: str = "", now: datetime | None = None) -> Diagnosis:
    """All that can be said of where the samples come from. `store` is its description; `release`: see monitors."""
    signals = signal_lines(ledger)
    left_out = unscraped_pods(ledger, release)
    return Diagnosis(
        diagnosis_version=DIAGNOSIS_VERSION,
        generated_at=(now or datetime.now(UTC)).replace(microsecond=0).isoformat().replace("+00:00", "Z"),
        window=WindowPart(rfc3339(ledger.window.start), rfc3339(ledger.window.end), CELL_SECONDS),
        store=store,
        bill_dollars=report.bill.dollars.value,
        blind_dollars=math.fsum(spot.dollars or 0.0 for spot in report.blind_spots),
        unpriced_ratio=1.0 - report.bill.dollars.coverage,
        sources=source_lines(ledger, signals),
        signals=signals,
        joins=_joins(ledger),
        blind_spots=report.blind_spots,
        unscraped=left_out,
        next_steps=next_steps(report, signals, left_out),
        warnings=report.warnings,
    )


def _joins(ledger: Ledger) -> list[JoinLine]:
    return [
        JoinLine(
            join.subject,
            join.total,
            join.total - join.unmatched,
            join.by_way,
            join.matched_ratio,
            blind_dollars(ledger, join),
        )
        for join in ledger.joins
    ]

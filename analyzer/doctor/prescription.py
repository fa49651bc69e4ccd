"""What to install next: the things to do, by the spend that each would make visible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from analyzer.doctor.model import ABSENT, SignalLine, Step, Unscraped
from analyzer.report.model import BlindSpot, Report

SHOWN = 3
# What makes less than this share of the bill visible is not worth a line.
_LEAST_SHARE = 0.001


def next_steps(report: Report, signals: list[SignalLine], left_out: list[Unscraped]) -> list[Step]:
    """The dearest first, at most three."""
    steps = [*_of_blind_spots(report.blind_spots), *_of_pages(left_out), *_of_prices(report), *_of_signals(signals)]
    best: dict[str, Step] = {}
    for step in steps:
        if step.do not in best or _weight(step) > _weight(best[step.do]):
            best[step.do] = step
    least = _LEAST_SHARE * (report.bill.dollars.value or 0.0)
    worth_it = [step for step in best.values() if step.dollars is None or step.dollars >= least]
    return sorted(worth_it, key=_weight, reverse=True)[:SHOWN]


def _weight(step: Step) -> tuple[float, float]:
    return step.dollars or 0.0, step.accelerator_seconds


def _of_blind_spots(spots: Iterable[BlindSpot]) -> list[Step]:
    grouped: dict[tuple[str, str], list[BlindSpot]] = defaultdict(list)
    for spot in spots:
        grouped[(spot.remedy, spot.signal)].append(spot)
    return [
        Step(
            remedy,
            sum(spot.dollars or 0.0 for spot in mine) or None,
            sum(spot.accelerator_seconds for spot in mine),
            f"no {signal} signal at {len(mine)} {mine[0].subject_kind}{'s' if len(mine) > 1 else ''}",
        )
        for (remedy, signal), mine in grouped.items()
    ]


def _of_pages(left_out: list[Unscraped]) -> list[Step]:
    return [
        Step(
            f"apply the PodMonitor of {line.namespace}/{line.workload} (printed below)",
            line.dollars,
            line.accelerator_seconds,
            f"{line.pods} pod{'s' if line.pods > 1 else ''} with accelerators, {line.reason}: no tokens counted",
        )
        for line in left_out
        if line.engine
    ]


def _of_prices(report: Report) -> list[Step]:
    """Bills that are a range stand on a guess about the instance type."""
    bill = report.bill.dollars
    if bill.low is None or bill.high is None:
        return []
    return [
        Step(
            "let kube-state-metrics show node labels, or scrape Karpenter, or give --nodes FILE",
            bill.high - bill.low,
            0.0,
            "instance types are guessed from devices, so the bill is a range",
        )
    ]


def _of_signals(signals: list[SignalLine]) -> list[Step]:
    """Without a price on them: what is needed and not there at all."""
    return [
        Step(line.remedy, None, 0.0, f"no {line.signal}: {line.decides}")
        for line in signals
        if line.state == ABSENT and line.is_needed
    ]

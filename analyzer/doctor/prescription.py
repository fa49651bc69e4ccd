"""What to do next: the things to install or repair, by the spend that each would make visible."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from analyzer.doctor.catalogue import ENGINE, SIGNALS, Signal
from analyzer.doctor.model import ABSENT, STALE, WRONG_SCALE, SignalLine, Step, Unscraped
from analyzer.report.model import BlindSpot, Report

SHOWN = 3
# What makes less than this share of the bill visible is not worth a line.
LEAST_SHARE = 0.005
_NAMED = 2
_MISSING = {
    "store": "nothing was recorded for a while",
    "price": "no price is known",
    "kubernetes": "nothing tells which devices pods hold",
    "pod labels": "devices do not name their pods",
    "effective ratio": "no tensor or memory activity near the engine's samples",
    "device": "no device exporter",
    "engine and device": "no engine page and no device exporter",
}


def next_steps(report: Report, signals: list[SignalLine], left_out: list[Unscraped]) -> list[Step]:
    """The dearest first, at most three. What has dollars on it says the same of a signal better than the signal."""
    pages = _of_pages(left_out)
    spots = _of_blind_spots(report.blind_spots, sum(page.accelerator_seconds for page in pages))
    steps = [*spots, *pages, *_of_prices(report), *_of_signals(signals, report, bool(pages))]
    least = LEAST_SHARE * (report.bill.dollars.value or 0.0)
    worth_it = [step for step in steps if step.dollars is None or step.dollars >= least]
    return sorted(worth_it, key=lambda step: (step.dollars or 0.0, step.accelerator_seconds), reverse=True)[:SHOWN]


def _of_blind_spots(spots: Iterable[BlindSpot], page_seconds: float) -> list[Step]:
    """`page_seconds`: held by engines whose pages are asked for one by one."""
    grouped: dict[tuple[str, str], list[BlindSpot]] = defaultdict(list)
    for spot in spots:
        grouped[(spot.remedy, spot.signal)].append(spot)
    steps = []
    for (remedy, signal), mine in grouped.items():
        seconds = math.fsum(spot.accelerator_seconds for spot in mine)
        if signal == "engine and device" and page_seconds >= seconds:
            continue  # the engines' own steps say it more exactly
        worth = math.fsum(spot.dollars or 0.0 for spot in mine) or None
        steps.append(Step(remedy, worth, seconds, f"{_MISSING.get(signal, f'no {signal}')}: {_places(mine)}"))
    return steps


def _places(spots: list[BlindSpot]) -> str:
    """node a, b and 3 more."""
    names = list(dict.fromkeys(spot.subject for spot in spots))
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    kind = spots[0].subject_kind + ("s" if len(names) > 1 else "")
    return f"{kind} {', '.join(names[:_NAMED])}{rest}"


def _of_pages(left_out: list[Unscraped]) -> list[Step]:
    return [
        Step(
            f"apply the PodMonitor for {line.place} that stands below",
            line.dollars,
            line.accelerator_seconds,
            f"{line.engine} in {counted(line.pods, 'pod')}, {line.reason}: no token and no latency of it is known",
        )
        for line in left_out
        if line.engine
    ]


def counted(number: int, thing: str) -> str:
    """1 pod, 2 pods."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


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


def _of_signals(signals: list[SignalLine], report: Report, has_pages: bool) -> list[Step]:
    """Without a price on them: what is needed and not there or not right, one step for each remedy."""
    spots = {spot.signal for spot in report.blind_spots}
    is_range = report.bill.dollars.low is not None
    grouped: dict[str, list[SignalLine]] = defaultdict(list)
    for signal, line in zip(SIGNALS, signals, strict=True):
        is_said = line.state == ABSENT and _is_said(signal, spots, is_range, has_pages)
        if line.is_needed and line.state in (ABSENT, STALE, WRONG_SCALE) and not is_said:
            grouped[line.remedy].append(line)
    return [Step(remedy, None, 0.0, _without(lines)) for remedy, lines in grouped.items()]


# Blind spot -> the tables whose absence it tells of.
_TOLD_BY: dict[str, frozenset[str]] = {
    "device": frozenset({"accelerator", "allocation", "compute", "memory", "busy"}),
    "engine and device": frozenset({"accelerator", "allocation", "compute", "memory", "busy"}),
    "effective ratio": frozenset({"compute", "memory"}),
    "pod labels": frozenset({"allocation"}),
    "price": frozenset({"node_shape"}),
}


def _is_said(signal: Signal, spots: set[str], is_range: bool, has_pages: bool) -> bool:
    """Whether another step says already that this signal should be installed."""
    if signal.subject == ENGINE:
        return has_pages
    if signal.table == "node_shape" and is_range:
        return True
    by_kubernetes = "kubernetes" in spots and signal.table.startswith(("node_", "pod_"))
    return by_kubernetes or any(signal.table in _TOLD_BY.get(spot, ()) for spot in spots)


def _without(lines: list[SignalLine]) -> str:
    """What is wrong, and what it decides: at length for one signal, by name for many."""
    if len(lines) == 1:
        return f"{lines[0].signal}: {lines[0].detail or lines[0].state}; decides {lines[0].decides}"
    names = [line.signal for line in lines]
    return f"{', '.join(names[:-1])} and {names[-1]}: {lines[0].state}"

"""Makes the report's trade-offs: every estimate of a curve as a figure with its interval, or with why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from analyzer.report.figure import Figure
from analyzer.report.tradeoff_parts import (
    CurvePart,
    HourPart,
    LatencyAt,
    NowPart,
    OtherSloPart,
    PointPart,
    SeenPart,
    TradeoffPart,
)
from analyzer.slo import Limit, Slo
from analyzer.throughput.curve import Curve, Estimate
from analyzer.throughput.load import Load
from analyzer.tradeoff.demand import Hour
from analyzer.tradeoff.feasible import STAND_INS, Feasible, attainment, levels_for
from analyzer.tradeoff.subject import Subject
from analyzer.tradeoff.tradeoff import OTHER_LIMITS, Point, Tradeoff, tradeoff_of
from analyzer.window import MICROSECONDS, rfc3339

_ALONG = 25  # places of the curve that are told
_MOST_SEEN = 100
_NO_PRICE = "the price of a replica is unknown: give --price"


def tradeoffs(subjects: Iterable[Subject], slo: Slo, price: float | None, paid: list[str]) -> list[TradeoffPart]:
    """One for each subject, who works most first. `price` is what a replica-hour costs where it is known better than
    from the ledger, whose prices come from `paid`."""
    found = [tradeoff_of(one, slo, price) for one in subjects]
    found.sort(key=lambda one: -one.now.replicas * one.now.throughput)
    return [_part(one, ["--price"] if price else paid) for one in found]


def _part(one: Tradeoff, paid: list[str]) -> TradeoffPart:
    who, kept, best = one.subject, one.feasible(), one.cheapest()
    sources = [who.engine]
    return TradeoffPart(
        who.cluster,
        who.namespace,
        who.workload,
        who.model,
        who.engine,
        who.instance_type,
        who.settings,
        len(one.load.running),
        _seen(one, sources),
        _curve(one.curve, sources) if one.curve else None,
        one.reason or (None if best else _never_kept(one)),
        NowPart(one.now.replicas, one.now.running, one.now.throughput),
        _estimate(one.headroom(), sources, one.reason or "nothing surely keeps the SLO, or nothing was served"),
        Figure(one.dollars_per_hour, 1.0, paid) if one.dollars_per_hour else Figure(None, 0.0, [], reason=_NO_PRICE),
        str(one.slo) or "none chosen",
        _kept(one, kept, sources),
        _point(one, best, kept, paid) if best else None,
        [_point(one, one.at(running), kept, paid) for running in _places(one, best)],
        _sample(one.load),
        [_other(one, factor, paid) for factor in OTHER_LIMITS] if one.slo.limits and one.curve else [],
        [_hour(hour, sources) for hour in one.hours()],
    )


def _places(one: Tradeoff, best: Point | None) -> list[float]:
    """Evenly along the loads that were seen, the cheapest among them."""
    if one.curve is None:
        return []
    even = np.linspace(one.curve.least_seen, one.curve.most_seen, _ALONG).tolist()
    return sorted({*even, *([best.running] if best else [])})


def _sample(load: Load) -> list[SeenPart]:
    """A few of the points, evenly over time."""
    step = -(-len(load.running) // _MOST_SEEN) or 1
    return [
        SeenPart(float(running), float(rate))
        for running, rate in zip(load.running[::step], load.throughput[::step], strict=True)
    ]


def _never_kept(one: Tradeoff) -> str:
    untold = [limit.quantity for limit in one.slo.limits if levels_for(limit, one.levels) is None]
    if untold:
        return f"the engine times no {' and no '.join(untold)}, so nothing shows whether the SLO is kept"
    return "no load that was seen surely keeps the SLO"


def _curve(curve: Curve, sources: list[str]) -> CurvePart:
    return CurvePart(
        _estimate(curve.estimate(lambda law: law.rate), sources),
        _estimate(curve.estimate(lambda law: law.contention), sources),
        _estimate(curve.estimate(lambda law: law.crosstalk), sources),
        _within_seen(curve.estimate(lambda law: law.knee), curve, sources),
        _within_seen(curve.estimate(lambda law: law.peak), curve, sources),
    )


def _within_seen(told: Estimate, curve: Curve, sources: list[str]) -> Figure:
    """A load that was never seen is not named: only that it is more than what was."""
    if told.value > curve.most_seen:
        low = min(told.low, curve.most_seen)
        return Figure(None, 1.0, sources, low=low, reason=f"beyond the {curve.most_seen:.3g} running that were seen")
    return _estimate(told, sources)


def _estimate(told: Estimate | None, sources: list[str], reason: str | None = None) -> Figure:
    if told is None:
        return Figure(None, 0.0, sources, reason=reason)
    high = told.high if math.isfinite(told.high) else None
    return Figure(told.value, 1.0, sources, low=told.low, high=high)


def _seen(one: Tradeoff, sources: list[str]) -> Figure:
    if one.curve is None:
        return Figure(None, 0.0, sources, reason=one.reason)
    return Figure(float(np.median(one.load.running)), 1.0, sources, low=one.curve.least_seen, high=one.curve.most_seen)


def _kept(one: Tradeoff, kept: Feasible, sources: list[str]) -> Figure:
    if not one.slo.limits:
        return Figure(None, 0.0, [], reason="no SLO was chosen")
    reason = None if math.isfinite(kept.broken) else "nothing that was seen surely breaks it"
    return Figure(None, 1.0, sources, kept.sure, kept.broken if math.isfinite(kept.broken) else None, reason)


def _point(one: Tradeoff, at: Point, kept: Feasible, paid: list[str]) -> PointPart:
    sources = [one.subject.engine]
    low, high = at.good
    return PointPart(
        at.running,
        _estimate(at.throughput, sources),
        _estimate(at.request_seconds, sources, "no request ended in the window"),
        Figure((low + high) / 2, 1.0, sources, low=low, high=high),
        _dollars(one, at, [*sources, *paid]),
        [latency for limit in one.slo.limits if (latency := _latency(one, limit, at))],
        _verdict(one.slo, at.running, kept),
    )


def _verdict(slo: Slo, running: float, kept: Feasible) -> str:
    if not slo.limits:
        return ""
    return "kept" if running <= kept.sure else "broken" if running >= kept.broken else "open"


def _dollars(one: Tradeoff, at: Point, sources: list[str]) -> Figure:
    if not one.dollars_per_hour:
        return Figure(None, 0.0, [], reason=_NO_PRICE)
    told = at.dollars_per_million(one.dollars_per_hour)
    if not math.isfinite(told.value):
        return Figure(None, 1.0, sources, reason="no token is inside the SLO")
    if not math.isfinite(told.high):
        return Figure(None, 1.0, sources, low=told.low, reason="no upper bound: no token is proven good")
    return Figure(told.value, 1.0, sources, low=told.low, high=told.high)


def _latency(one: Tradeoff, limit: Limit, at: Point) -> LatencyAt | None:
    """The high end is that of the level at or above the load, the low end that of the level at or below it."""
    levels = levels_for(limit, one.levels)
    if levels is None:
        return None
    quantity = limit.quantity if one.levels.get(limit.quantity) else STAND_INS[limit.quantity]
    low, high = levels.quantile(attainment(limit))
    below = int(np.searchsorted(levels.running, at.running * (1 + 1e-9), side="right")) - 1
    above = int(np.searchsorted(levels.running, at.running * (1 - 1e-9)))
    most = float(high[above]) if above < len(high) and math.isfinite(high[above]) else None
    return LatencyAt(quantity, attainment(limit), float(low[below]) if below >= 0 else 0.0, most)


def _other(one: Tradeoff, factor: float, paid: list[str]) -> OtherSloPart:
    slo = one.with_limits(factor)
    changed = one.choosing(slo)
    best = changed.cheapest()
    return OtherSloPart(factor, str(slo), _point(changed, best, changed.feasible(), paid) if best else None)


def _hour(hour: Hour, sources: list[str]) -> HourPart:
    return HourPart(
        rfc3339(hour.start * MICROSECONDS),
        hour.tokens_per_second,
        hour.busiest,
        hour.replicas,
        _estimate(hour.needed, sources),
        hour.is_queued,
    )

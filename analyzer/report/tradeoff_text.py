"""A trade-off in words and cells: what the cheapest load is, where the curve bends, what another objective buys."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.report.figure import Figure
from analyzer.report.look import UNKNOWN, count, figure, percent, plain
from analyzer.report.tradeoff_parts import PointPart, TradeoffPart

CHEAPEST = "◆"
_ROWS_SHOWN = 9
_LINES_SHOWN = 6


def number(value: float) -> str:
    """Three figures: 0.861, 12.7, 1,480."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def name(one: TradeoffPart) -> str:
    """ml/llama-8b on p5.48xlarge."""
    model = f"{one.namespace}/{one.model}" if one.namespace else one.model
    return plain(f"{model} on {one.instance_type or 'an unknown type'}")


def standing(one: TradeoffPart) -> str:
    """One line for the report: knee, now, headroom; or why there is no curve."""
    if one.curve is None:
        return f"{name(one)}: {one.reason}"
    headroom = f"; {_times(one.headroom)} headroom" if one.headroom.value is not None else ""
    return f"{name(one)}: knee at {figure(one.curve.knee, number)} running, now {number(one.now.running)}{headroom}"


def tradeoff_lines(parts: Sequence[TradeoffPart]) -> list[str]:
    """One line for each, those with a curve first."""
    ordered = sorted(parts, key=lambda one: one.curve is None)
    lines = [standing(one) for one in ordered[:_LINES_SHOWN]]
    rest = len(parts) - len(lines)
    return [*lines, f"{rest} more in the JSON report"] if rest > 0 else lines


def headline(one: TradeoffPart) -> str:
    """The sentence that the page opens with."""
    if one.cheapest is None:
        return f"{name(one)}: {one.reason}."
    best = one.cheapest
    price = figure(best.dollars_per_million_good)
    costs = f"{price} per 1M good tok" if price != UNKNOWN else f"{_rate(best)} per replica"
    why = "the cheapest load that surely keeps the SLO" if best.slo else "the cheapest load that was seen"
    headroom = f", {_times(one.headroom)} headroom" if one.headroom.value is not None else ""
    return (
        f"{name(one)}: {costs} at {number(best.running)} running per replica, {why};"
        f" now {number(one.now.running)}{headroom}."
    )


def footing(one: TradeoffPart) -> list[str]:
    """What the curve rests on, one grey line each."""
    lines = [f"SLO {one.slo}; a replica costs {figure(one.dollars_per_replica_hour)}/h ({_source(one)})"]
    if one.curve is not None:
        seen = f"{number(one.running_seen.low or 0)} to {number(one.running_seen.high or 0)}"
        lines.append(
            f"curve of {one.points} points, {seen} running seen: alone {figure(one.curve.rate, number)} tok/s,"
            f" knee {figure(one.curve.knee, number)}, peak {figure(one.curve.peak, number)} running"
        )
    if one.kept_to_running.low is not None:
        high = one.kept_to_running.high
        broken = f"broken from {number(high)} on" if high is not None else "nothing that was seen breaks it"
        lines.append(f"SLO kept up to {number(one.kept_to_running.low)} running; {broken}")
    return lines


def rows(one: TradeoffPart) -> list[tuple[str, ...]]:
    """The curve in a few rows: running, tok/s, request, latencies, good share, dollars per million, SLO."""
    step = max(1, len(one.along) // _ROWS_SHOWN)
    shown = [at for number_, at in enumerate(one.along) if number_ % step == 0 or at == one.cheapest]
    return [
        (
            number(at.running),
            figure(at.tokens_per_second, count),
            _span(at.request_seconds.low, at.request_seconds.high),
            *(_span(bounds.low_seconds, bounds.high_seconds) for bounds in at.latency),
            _share(at.good_share),
            figure(at.dollars_per_million_good),
            f"{at.slo} {CHEAPEST}".strip() if at == one.cheapest else at.slo,
        )
        for at in shown
    ]


def columns(one: TradeoffPart) -> tuple[str, ...]:
    """The heads of `rows`."""
    latency = one.along[0].latency if one.along else []
    told = (f"p{100 * bounds.share:g} {bounds.quantity}" for bounds in latency)
    return ("running", "tok/s", "request", *told, "good", "$/1M good", "SLO" if one.slo != "none chosen" else "")


def sensitivity(one: TradeoffPart) -> list[str]:
    """What a tenth looser or stricter limits buy or cost."""
    lines = []
    for other in one.other_slos:
        word = "looser" if other.factor > 1 else "stricter"
        said = f"{abs(other.factor - 1) * 100:.0f} % {word} limits"
        if other.cheapest is None:
            lines.append(f"{said}: no load that was seen surely keeps them")
        else:
            lines.append(
                f"{said}: {figure(other.cheapest.dollars_per_million_good)} per 1M good tok at"
                f" {number(other.cheapest.running)} running{_saved(one.cheapest, other.cheapest)}"
            )
    return lines


def replicas(one: TradeoffPart) -> str | None:
    """How many replica-hours would have served what was asked."""
    if not one.hours:
        return None
    had = sum(hour.replicas for hour in one.hours)
    needed = sum(hour.replicas_needed.value or 0 for hour in one.hours)
    most = max(one.hours, key=lambda hour: hour.replicas_needed.value or 0)
    queued = sum(hour.is_queued for hour in one.hours)
    return (
        f"At the cheapest load {number(needed)} replica-hours would have served what {number(had)} did; most of them,"
        f" {figure(most.replicas_needed, number)}, in the hour from {most.start}"
        + (f"; in {queued} hours requests waited, and more was asked for" if queued else "")
    )


def _saved(before: PointPart | None, after: PointPart) -> str:
    old = before.dollars_per_million_good.value if before else None
    new = after.dollars_per_million_good.value
    if not old or not new or abs(new / old - 1) < 0.005:
        return ", no change" if old and new else ""
    return f", {percent(abs(new / old - 1))} {'less' if new < old else 'more'}"


def _times(headroom: Figure) -> str:
    return f"{headroom.value:.2g}x" if headroom.value is not None else UNKNOWN


def _rate(at: PointPart) -> str:
    return f"{figure(at.tokens_per_second, count)} tok/s"


def _source(one: TradeoffPart) -> str:
    price = one.dollars_per_replica_hour
    return ", ".join(price.sources) if price.value is not None else price.reason or ""


def _share(share: Figure) -> str:
    """97-100 %."""
    low, high = (percent(end or 0).removesuffix(" %") for end in (share.low, share.high))
    return f"{low} %" if low == high else f"{low}-{high} %"


def _span(low: float | None, high: float | None) -> str:
    """75-100 ms, 1.38-1.68 s, over 250 ms, or an em dash."""
    if low is None or (not low and high is None):
        return UNKNOWN
    if (high or low) < 1:
        scale, unit = 1000.0, "ms"
    else:
        scale, unit = 1.0, "s"
    return f"over {scale * low:.3g} {unit}" if high is None else f"{scale * low:.3g}-{scale * high:.3g} {unit}"

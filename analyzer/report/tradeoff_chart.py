"""A trade-off as a picture: dollars per million good tokens above, throughput below, over the same load."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from analyzer.report.figure import Figure
from analyzer.report.look import dollars, figure
from analyzer.report.tradeoff_parts import TradeoffPart
from analyzer.report.tradeoff_text import footing, headline, number
from exporters.source import GpuyieldError

# What is neither a state nor money is one neutral blue; limits are thin and dark (the same on every surface).
_BLUE, _DARK, _GREY = "#5B7FA6", "#333333", "#6B6B6B"
_WIDTH, _HEIGHT, _SCALE = 620, 220, 2
_TALLEST = 5  # times the cheapest: the first requests of a replica cost so much that nothing else would be seen
_LETTERS, _SMALL_LETTERS = 92, 116
_SPARE = 1.12  # room above for the labels

Chart = Any  # altair's classes are made at run time
Row = dict[str, float | str | bool | None]


def picture(parts: Sequence[TradeoffPart], form: str) -> bytes:
    """The charts of all trade-offs that have a curve, one under the other, as png or svg."""
    try:
        import altair as alt
        import vl_convert
    except ImportError as error:
        raise GpuyieldError("a picture needs altair and vl-convert-python: pip install 'gpuyield[advisor]'") from error
    drawn = [_subject(alt, one) for one in parts if one.along]
    if not drawn:
        raise GpuyieldError(f"there is no curve to draw: {parts[0].reason}")
    chart = alt.vconcat(*drawn, spacing=40).configure_view(strokeWidth=0).configure_axis(gridColor="#E8E8E8")
    spec = chart.configure(background="white", font="Helvetica, Arial, sans-serif", padding=16).to_json()
    if form == "svg":
        return str(vl_convert.vegalite_to_svg(spec)).encode()
    return bytes(vl_convert.vegalite_to_png(spec, scale=_SCALE))


def _subject(alt: Any, one: TradeoffPart) -> Chart:
    title = {
        "text": _folded(headline(one), _LETTERS),
        "subtitle": [part for line in footing(one) for part in _folded(line, _SMALL_LETTERS)],
        "anchor": "start",
        "subtitleColor": _GREY,
        "fontSize": 13,
        "offset": 14,
    }
    rows = _rows(one)
    panels = [_panel(alt, one, rows, "tokens", "tokens per second of a replica")]
    if any(row["dollars"] is not None for row in rows):
        panels.insert(0, _panel(alt, one, rows, "dollars", "$ per 1M good tokens"))
    return alt.vconcat(*panels, title=title, spacing=24)


def _panel(alt: Any, one: TradeoffPart, rows: list[Row], what: str, title: str) -> Chart:
    """Band and curve: thick where the SLO is kept, dashed where nothing proves it, faint where it is broken."""
    top = _top(rows, what)
    x = alt.X("running:Q", title="requests running per replica", scale=alt.Scale(domain=[0, _most(one)], nice=False))
    scale, axis = alt.Scale(domain=[0, top], nice=False), alt.Axis(tickCount=5)
    y, y_low = (alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis) for field in (what, f"{what}_low"))

    def drawn(slos: tuple[str, ...]) -> Chart:
        told = [row for row in rows if row["slo"] in slos and row[what] is not None]
        return alt.Chart(alt.Data(values=told)).properties(width=_WIDTH, height=_HEIGHT)

    everywhere = drawn(("kept", "", "open", "broken"))
    return alt.layer(
        everywhere.mark_area(color=_BLUE, opacity=0.16, clip=True).encode(x, y_low, y2=f"{what}_high:Q"),
        everywhere.mark_line(color=_BLUE, opacity=0.4, strokeWidth=1.5, clip=True).encode(x, y),
        drawn(("open",)).mark_line(color=_BLUE, strokeWidth=2.5, strokeDash=[5, 4], clip=True).encode(x, y),
        drawn(("kept", "")).mark_line(color=_BLUE, strokeWidth=3, clip=True).encode(x, y),
        *(_seen(alt, one, x, y) if what == "tokens" else ()),
        *_places(alt, one, x, top),
        *_cheapest(alt, rows, what, x, y),
    )


def _places(alt: Any, one: TradeoffPart, x: Any, top: float) -> list[Chart]:
    """The present load, the knee, and where the SLO ends, each a thin line with its name on it."""
    places = [("now", one.now.running, 1.0)]
    if one.curve is not None and one.curve.knee.value is not None:
        places.append(("knee", one.curve.knee.value, 0.93))
    if one.kept_to_running.high is not None:
        places.append(("SLO broken", one.kept_to_running.high, 1.0))
    marks: list[Chart] = []
    for name, running, height in places:
        data = alt.Data(values=[{"running": running, "name": f"{name} {number(running)}", "at": top * height}])
        base = alt.Chart(data).encode(x)
        is_left = running > 0.85 * _most(one)
        marks.append(base.mark_rule(color=_DARK, strokeWidth=1, strokeDash=[2, 2]))
        label = base.mark_text(
            align="right" if is_left else "left", dx=-5 if is_left else 5, baseline="top", dy=3, color=_DARK
        )
        marks.append(label.encode(y=alt.Y("at:Q", scale=alt.Scale(domain=[0, top], nice=False)), text="name:N"))
    return marks


def _seen(alt: Any, one: TradeoffPart, x: Any, y: Any) -> list[Chart]:
    """The points that the curve was fitted to."""
    data = alt.Data(values=[{"running": at.running, "tokens": at.tokens_per_second} for at in one.seen])
    return [alt.Chart(data).mark_circle(color=_BLUE, size=22, opacity=0.45, clip=True).encode(x, y)]


def _cheapest(alt: Any, rows: list[Row], what: str, x: Any, y: Any) -> list[Chart]:
    """The cheapest point with its amount."""
    best = [row for row in rows if row["cheapest"] and row[what] is not None]
    base = alt.Chart(alt.Data(values=best)).encode(x, y)
    words = base.mark_text(dy=-16, fontWeight="bold", color=_DARK).encode(text=f"{what}_text:N")
    return [base.mark_point(shape="diamond", size=130, filled=True, color=_DARK, opacity=1), words] if best else []


def _rows(one: TradeoffPart) -> list[Row]:
    """The curve as the chart's data; an end that is not known is drawn beyond the top."""
    return [
        {
            "running": at.running,
            "slo": at.slo,
            "cheapest": at == one.cheapest,
            **_interval("dollars", at.dollars_per_million_good, figure(at.dollars_per_million_good, dollars)),
            **_interval("tokens", at.tokens_per_second, f"{figure(at.tokens_per_second, number)} tok/s"),
        }
        for at in one.along
    ]


def _interval(name: str, told: Figure, text: str) -> Row:
    value = told.low if told.value is None else told.value
    high = told.high if told.high is not None else None if value is None else value * _TALLEST
    return {name: value, f"{name}_low": told.low, f"{name}_high": high, f"{name}_text": text}


def _top(rows: list[Row], what: str) -> float:
    """The upper end of an axis that starts at 0."""
    values = [value for row in rows if isinstance(value := row[what], float)]
    highs = [high for row in rows if isinstance(high := row[f"{what}_high"], float)]
    return min(max(highs), _TALLEST * min(values)) if what == "dollars" else max(highs) * _SPARE


def _most(one: TradeoffPart) -> float:
    return max(one.now.running, one.along[-1].running) * 1.02


def _folded(text: str, letters: int) -> list[str]:
    return textwrap.wrap(text, letters)

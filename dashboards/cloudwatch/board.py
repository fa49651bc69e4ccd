"""The body of the CloudWatch dashboard: the bill, what it bought, serving, devices, and our own telemetry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.ledger.states import ACTIVE_GOOD, GROUPS, HELD_IDLE
from analyzer.report.look import COLOURS
from dashboards.cloudwatch.search import PERIOD_SECONDS, Search
from dashboards.panel import NEUTRAL, WIDTH
from exporters.canonical import device, ledger, serving, telemetry

NAME = "gpuyield"
_PER_HOUR = 3600 // PERIOD_SECONDS
_SMALL = 6

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """An expression of metric math, what it is called, and in which colour."""

    expression: str
    label: str
    colour: str = NEUTRAL


@dataclass(frozen=True, slots=True)
class Widget:
    """`view` is CloudWatch's: timeSeries, singleValue."""

    title: str
    lines: Sequence[Line]
    unit: str  # what stands on the axis
    view: str = "timeSeries"
    is_stacked: bool = False
    width: int = 12
    height: int = 6


def body(region: str, cluster: str = "") -> str:
    """JSON for PutDashboard; `cluster` empty: all of them together."""
    head = {
        "type": "text",
        "x": 0,
        "y": 0,
        "width": WIDTH,
        "height": 2,
        "properties": {
            "markdown": "# gpuyield\nWhere the accelerator dollars go. The numbers are those of `gpuyield publish` and"
            " `gpuyield export`; an empty widget means that its exporter sends nothing to CloudWatch."
        },
    }
    return json.dumps({"periodOverride": "inherit", "widgets": [head, *_placed(_widgets(cluster), region)]}, indent=1)


def _widgets(cluster: str) -> tuple[Widget, ...]:
    def summed(search: Search, factor: int = 1) -> str:
        text = f"SUM({search.text(cluster)})"
        return f"{factor} * {text}" if factor != 1 else text

    def dollars(*states: str) -> str:
        return summed(Search(ledger.dollars_total, "Sum", where=(("state", states),) if states else ()), _PER_HOUR)

    tokens = summed(Search(ledger.tokens_total, "Sum", where=(("kind", ("generation",)),)))
    found = Search(ledger.finding_dollars_per_hour, "Average", where=(("kind", ("realisable",)),))

    def lines(*pairs: tuple[str, str]) -> list[Line]:
        return [Line(expression, label) for expression, label in pairs]

    return (
        Widget("Bill, $ per hour", lines((dollars(), "bill")), "$/h", "singleValue", width=_SMALL, height=4),
        Widget(
            "Held and idle, $ per hour", lines((dollars(HELD_IDLE), "idle")), "$/h", "singleValue", False, _SMALL, 4
        ),
        Widget(
            "Changes would save, $ per hour", lines((summed(found), "saves")), "$/h", "singleValue", False, _SMALL, 4
        ),
        Widget(
            "$ per million generated tokens",
            lines((f"1000000 * {dollars()} / ({_PER_HOUR} * {tokens})", "$/1M")),
            "$/1M",
            "singleValue",
            width=_SMALL,
            height=4,
        ),
        Widget(
            "Dollars per hour by what the accelerators did",
            [Line(dollars(*states), group, COLOURS[group]) for group, states in GROUPS.items()],
            "$/h",
            is_stacked=True,
            width=WIDTH,
            height=8,
        ),
        Widget(
            "Share that bought proven good work", lines((f"{dollars(ACTIVE_GOOD)} / {dollars()}", "good")), "0 to 1"
        ),
        Widget("Generated tokens per second", lines((f"{tokens} / {PERIOD_SECONDS}", "all models")), "tokens/s"),
        Widget(
            "Time to first token, 95th percentile by model",
            lines((Search(serving.time_to_first_token_seconds, "p95", ("model",)).text(cluster), "")),
            "s",
        ),
        Widget(
            "Requests waiting by model",
            lines((Search(serving.requests_waiting, "Maximum", ("model",)).text(cluster), "")),
            "requests",
        ),
        Widget(
            "Busy ratio by node",
            lines((Search(device.busy_ratio, "Average", ("node",)).text(cluster), "")),
            "0 to 1",
        ),
        Widget("Power by node", lines((Search(device.power_watts, "Sum", ("node",)).text(cluster), "")), "W"),
        Widget(
            "How much of the ledger is known",
            lines((Search(ledger.coverage_ratio, "Minimum").text(cluster), "")),
            "0 to 1",
        ),
        Widget(
            "Telemetry, $ per month",
            lines((Search(telemetry.telemetry_dollars_per_month, "Average").text(cluster), "")),
            "$/month",
        ),
    )


def _placed(widgets: Sequence[Widget], region: str) -> list[Json]:
    made, x, y, tallest = [], 0, 2, 0
    for one in widgets:
        if x + one.width > WIDTH:
            x, y, tallest = 0, y + tallest, 0
        place = {"x": x, "y": y, "width": one.width, "height": one.height}
        made.append({"type": "metric", **place, "properties": _properties(one, region)})
        x, tallest = x + one.width, max(tallest, one.height)
    return made


def _properties(one: Widget, region: str) -> Json:
    rows = [
        [
            {"expression": line.expression, "id": f"e{number}"}
            | ({"label": line.label, "color": line.colour} if line.label else {})
        ]
        for number, line in enumerate(one.lines)
    ]
    return {
        "title": one.title,
        "region": region,
        "view": one.view,
        "stacked": one.is_stacked,
        "period": PERIOD_SECONDS,
        "metrics": rows,
        "yAxis": {"left": {"min": 0, "label": one.unit, "showUnits": False}},
    }

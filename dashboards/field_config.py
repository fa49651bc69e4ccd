"""Units, colours and options of panels, as Grafana's JSON wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.report.look import UNKNOWN
from dashboards.no_data import no_data
from dashboards.panel import NEUTRAL, Kind, Panel, Query, Unit

Json = dict[str, Any]

UNITS: dict[Unit, str] = {
    Unit.DOLLARS: "currencyUSD",
    Unit.RATIO: "percentunit",
    Unit.SECONDS: "s",
    Unit.TOKENS_PER_SECOND: "si:tok/s",
    Unit.TOKENS: "si:tok",
    Unit.TOKENS_PER_DOLLAR: "si:tok/$",
    Unit.JOULES: "joule",
    Unit.WATTS: "watt",
    Unit.CELSIUS: "celsius",
    Unit.HERTZ: "hertz",
    Unit.BYTES: "bytes",
    Unit.BYTES_PER_SECOND: "Bps",
    Unit.FLOPS: "si:FLOP/s",
    Unit.PER_SECOND: "suffix: /s",
    Unit.COUNT: "short",
    Unit.TEXT: "string",
}
# One hue that only gets darker: read in greyscale and by every eye.
_STRIP_COLOURS = "continuous-blues"
_WIDE = ("model", "uuid")
_WIDE_PIXELS = 270
_ROWS_AT_ONCE = 40


def field_config(panel: Panel) -> Json:
    """Defaults of all fields, and what single queries have of their own."""
    defaults: Json = {
        "unit": UNITS[panel.unit],
        "noValue": no_data(panel),
        "color": _colour(panel),
        "custom": _custom(panel),
        "thresholds": {"mode": "absolute", "steps": [{"color": NEUTRAL, "value": None}]},
    }
    if panel.least is not None and panel.kind is not Kind.TABLE:
        defaults["min"] = panel.least
    if panel.most is not None:
        defaults["max"] = panel.most
    if panel.kind in (Kind.STRIPS, Kind.STAT) and panel.unit in (Unit.COUNT, Unit.RATIO):
        defaults["decimals"] = 0
    return {"defaults": defaults, "overrides": list(_overrides(panel))}


def _colour(panel: Panel) -> Json:
    if panel.kind is Kind.STRIPS:
        return {"mode": _STRIP_COLOURS}
    is_many = panel.kind in (Kind.LINES, Kind.STACK) and any("{{" in query.legend for query in panel.queries)
    return {"mode": "palette-classic"} if is_many else {"mode": "fixed", "fixedColor": NEUTRAL}


def _custom(panel: Panel) -> Json:
    match panel.kind:
        case Kind.STACK:
            return {
                "drawStyle": "line",
                "lineInterpolation": "stepAfter",
                "lineWidth": 0,
                "fillOpacity": 90,
                "showPoints": "never",
                "stacking": {"mode": "normal", "group": "A"},
            }
        case Kind.LINES:
            return {"drawStyle": "line", "lineWidth": 2, "fillOpacity": 0, "showPoints": "never", "spanNulls": 300_000}
        case Kind.STRIPS:
            return {"fillOpacity": 100, "lineWidth": 0}
        case Kind.TABLE:
            return {"align": "auto", "minWidth": 80, "cellOptions": {"type": "auto"}}
        case Kind.POINTS:
            return {"show": "points", "pointSize": {"fixed": 4}, "axisLabel": panel.queries[1].legend}
        case _:
            return {}


def _overrides(panel: Panel) -> Iterator[Json]:
    for number, query in enumerate(panel.queries):
        found = list(_properties(query))
        if not found:
            continue
        yield {"matcher": {"id": "byFrameRefID", "options": chr(ord("A") + number)}, "properties": found}
    if panel.kind is Kind.TABLE:
        yield {"matcher": {"id": "byRegexp", "options": ".*"}, "properties": [{"id": "noValue", "value": UNKNOWN}]}
        yield from (_column(query, panel.unit) for query in panel.queries)
        yield from (_label_column(label, head) for label, head in panel.labels)
    if panel.kind is Kind.POINTS:
        x = panel.queries[0]
        properties: list[Json] = [
            {"id": "unit", "value": UNITS[x.unit or panel.unit]},
            {"id": "custom.axisLabel", "value": x.legend},
            {"id": "max", "value": panel.x_most},
        ]
        yield {"matcher": {"id": "byName", "options": x.legend}, "properties": properties}


def _properties(query: Query) -> Iterator[Json]:
    if query.colour:
        yield {"id": "color", "value": {"mode": "fixed", "fixedColor": query.colour}}
    if query.dashed:
        yield {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 4]}}
    if query.unit:
        yield {"id": "unit", "value": UNITS[query.unit]}
    if query.band_to:
        yield {"id": "custom.fillBelowTo", "value": query.band_to}
        yield {"id": "custom.fillOpacity", "value": 25}
        yield {"id": "custom.lineWidth", "value": 1}


def _label_column(label: str, head: str) -> Json:
    properties: list[Json] = [{"id": "custom.filterable", "value": True}]
    if label in _WIDE:
        properties.append({"id": "custom.width", "value": _WIDE_PIXELS})
    return {"matcher": {"id": "byName", "options": head}, "properties": properties}


def _column(query: Query, unit: Unit) -> Json:
    properties: list[Json] = [{"id": "unit", "value": UNITS[query.unit or unit]}]
    if query.colour:
        properties += [
            {"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic"}},
            {"id": "color", "value": {"mode": "fixed", "fixedColor": query.colour}},
            {"id": "fieldMinMax", "value": True},  # bars of this column alone
            {"id": "min", "value": 0},
        ]
    return {"matcher": {"id": "byName", "options": query.legend}, "properties": properties}


def options_of(panel: Panel) -> Json:
    """What the kind of panel lets one choose."""
    match panel.kind:
        case Kind.LINES | Kind.STACK:
            return {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case Kind.STAT:
            return {
                "colorMode": "none",
                "graphMode": "none" if panel.queries[0].is_instant else "area",
                "justifyMode": "auto",
                "orientation": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "text": {"titleSize": 13, "valueSize": 24 if len(panel.queries) > 1 else 36},
                "textMode": "value_and_name" if len(panel.queries) > 1 else "value",
            }
        case Kind.BARS:
            return {
                "displayMode": "basic",
                "orientation": "horizontal",
                "showUnfilled": False,
                "valueMode": "text",
                "namePlacement": "left",
                "sizing": "auto",
                "text": {"titleSize": 12, "valueSize": 18},
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
            }
        case Kind.TABLE:
            sort = [{"displayName": panel.queries[0].legend, "desc": True}]
            return {"showHeader": True, "cellHeight": "sm", "sortBy": sort, "footer": {"show": False}}
        case Kind.STRIPS:
            return {
                "showValue": "never",
                "rowHeight": 0.85,
                "perPage": _ROWS_AT_ONCE,
                "mergeValues": False,
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
                "tooltip": {"mode": "single"},
            }
        case Kind.POINTS:
            x, y = panel.queries
            pair = {
                "x": {"matcher": {"id": "byName", "options": x.legend}},
                "y": {"matcher": {"id": "byName", "options": y.legend}},
            }
            return {
                "mapping": "manual",
                "series": [pair],
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
                "tooltip": {"mode": "single"},
            }
        case Kind.TEXT:
            return {"mode": "markdown", "content": panel.text}


def transformations(panel: Panel) -> list[Json]:
    """Tables show one row for each thing, with a column for each query; points need both queries in one frame."""
    if panel.kind is Kind.POINTS:
        return [{"id": "joinByField", "options": {"byField": "Time", "mode": "inner"}}]
    if panel.kind is not Kind.TABLE:
        return []
    heads = {f"Value #{chr(ord('A') + number)}": query.legend for number, query in enumerate(panel.queries)}
    if len(panel.queries) == 1:
        heads = {"Value": panel.queries[0].legend}
    names = {**dict(panel.labels), **heads}
    return [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True},
                "indexByName": {name: number for number, name in enumerate(names)},
                "renameByName": names,
            },
        },
    ]

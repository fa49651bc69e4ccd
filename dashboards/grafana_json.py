"""A board as the JSON that Grafana 10 to 12 provisions from files. The only module that knows grafanalib.

grafanalib writes the JSON of an older Grafana; what has changed since then (schema, data sources, XY chart, colours) is
put over it here, and what no Grafana reads any more is taken out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grafanalib.core as grafana
from grafanalib._gen import DashboardEncoder

from analyzer.kpi.scope import Scope
from dashboards import variables
from dashboards.field_config import field_config, options_of, transformations
from dashboards.layout import Place, places
from dashboards.panel import Board, Kind, Panel, Query, Section
from dashboards.queries import board_scope

SCHEMA_VERSION = 39
TAG = "gpuyield"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_DEAD = (
    "gnetId",
    "hideControls",
    "inputs",
    "rows",
    "sharedCrosshair",
    "style",
    "timePicker",
    "error",
    "span",
    "minSpan",
)
_DEAD_OF_PANELS = ("editable", "cacheTimeout", "hideTimeOverride", "isNew", "renderer", "height", "repeat", "legend")
_DEAD_OF_QUERIES = ("intervalFactor", "metric", "step", "target", "query", "hide", "interval")
_PANELS = {
    Kind.LINES: grafana.TimeSeries,
    Kind.STACK: grafana.TimeSeries,
    Kind.STAT: grafana.Stat,
    Kind.BARS: grafana.BarGauge,
    Kind.TABLE: grafana.Table,
    Kind.STRIPS: grafana.StateTimeline,
    Kind.TEXT: grafana.Text,
    Kind.POINTS: grafana.TimeSeries,
}
_XY_CHART = "xychart"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Links:
    """Where the boards lead to, apart from each other; empty: no such link."""

    advisor: str = ""
    runbooks: str = ""


def grafana_json(board: Board, scope: Scope, links: Links) -> Json:
    """The whole board; `scope` says which names the store has."""
    own = board_scope(tuple(board.choices), scope)
    made: Json = json.loads(
        json.dumps(
            grafana.Dashboard(
                title=board.title,
                uid=board.uid,
                description=board.means,
                tags=[TAG],
                panels=[_panel(part, place) for part, place in places(board.build(own))],
                time=grafana.Time(board.since, "now"),
                refresh="1m",
                timezone="browser",
                editable=True,
                version=1,
            ).to_json_data(),
            cls=DashboardEncoder,
            sort_keys=True,
        )
    )
    for number, panel in enumerate(made["panels"], 1):
        panel["id"] = number
    made |= {
        "schemaVersion": SCHEMA_VERSION,
        "graphTooltip": 1,  # one crosshair for all panels
        "links": _links(links),
        "templating": {"list": variables.variables(board, own)},
        "annotations": {"list": variables.marks(own)},
    }
    return _without(made, _DEAD)


def text_of(made: Json) -> str:
    """As a file, ending in a newline; equal boards give equal bytes."""
    return json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _panel(part: Section | Panel, place: Place) -> Any:
    grid = grafana.GridPos(h=place.height, w=place.width, x=place.x, y=place.y)
    if isinstance(part, Section):
        return grafana.RowPanel(title=part.title, gridPos=grid, extraJson={"collapsed": False, "panels": []})
    if part.kind is Kind.TEXT:
        return grafana.Text(content=part.text, mode="markdown", title=part.title, gridPos=grid, transparent=True)
    targets = [_target(query, chr(ord("A") + number), part.kind) for number, query in enumerate(part.queries)]
    more: Json = {"datasource": SOURCE, "fieldConfig": field_config(part), "options": options_of(part)}
    if part.kind is Kind.POINTS:
        more["type"] = _XY_CHART
    made = _PANELS[part.kind](
        dataSource="${datasource}",
        targets=targets,
        title=part.title,
        description=f"{part.means}\n\n**Good:** {part.good}",
        gridPos=grid,
        transformations=transformations(part),
    )
    return _Over(made, {**more, "maxDataPoints": 400} if part.kind is Kind.POINTS else more)


@dataclass(frozen=True, slots=True)
class _Over:
    """A panel of grafanalib with newer parts put over it."""

    panel: Any
    more: Mapping[str, Any]

    def to_json_data(self) -> Json:
        made = {**self.panel.to_json_data(), **self.more}
        return {key: value for key, value in _without(made, _DEAD_OF_PANELS).items() if value is not None}


def _target(query: Query, reference: str, kind: Kind) -> Json:
    is_instant = query.is_instant or kind in (Kind.TABLE, Kind.BARS)
    made: Json = grafana.Target(
        expr=query.expr,
        legendFormat=query.legend,
        refId=reference,
        instant=is_instant,
        format="table" if kind is Kind.TABLE else "time_series",
    ).to_json_data()
    return {**_without(made, _DEAD_OF_QUERIES), "datasource": SOURCE, "range": not is_instant, "editorMode": "code"}


def _links(links: Links) -> list[Json]:
    boards = grafana.DashboardLink(
        title="gpuyield", tags=[TAG], asDropdown=False, includeVars=True, keepTime=True, type="dashboards"
    )
    found: list[Json] = [boards.to_json_data()]
    for title, url in (("Advisor", links.advisor), ("Runbooks", links.runbooks)):
        if url:
            found.append({"type": "link", "title": title, "url": url, "icon": "external link", "targetBlank": True})
    return found


def _without(made: Mapping[str, Any], dead: Sequence[str]) -> Json:
    return {key: value for key, value in made.items() if key not in dead}

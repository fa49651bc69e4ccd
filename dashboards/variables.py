"""What a reader may choose, and what is marked on the time axis, as Grafana's JSON wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, names_of, series
from dashboards.panel import Board, Choice
from exporters.canonical import ledger, nodes, pods, serving
from exporters.metric import Metric, Part
from exporters.upstream import upstreams_of

Json = dict[str, Any]

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_LABELS = {Choice.TTFT: "TTFT limit", Choice.ITL: "ITL limit"}
_LIMITS = {
    Choice.TTFT: (serving.time_to_first_token_seconds, "0.5"),
    Choice.ITL: (serving.inter_token_latency_seconds, "0.05"),
}


def variables(board: Board, scope: Scope) -> list[Json]:
    """The data source, the cluster, what the board has of its own, and its hidden totals."""
    found: list[Json] = [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1},
        _query(
            "cluster",
            _label_values(scope, (ledger.dollars_total, nodes.node_info, serving.requests_running), "cluster"),
        ),
    ]
    for choice in board.choices:
        if choice in _LIMITS:
            found.append(_limit(choice, scope))
        else:
            found.append(_query(choice, _choice(choice, scope)))
    if board.totals:
        found.extend(_total(name, expr) for name, expr in board.totals(scope))
    return found


def _choice(choice: Choice, scope: Scope) -> str:
    match choice:
        case Choice.TEAM:
            return _label_values(scope, (ledger.dollars_total,), "team", "cluster")
        case Choice.NODE:
            return _label_values(scope, (nodes.node_info,), "node", "cluster")
        case Choice.NAMESPACE:
            return _label_values(scope, (ledger.dollars_total, serving.requests_running), "namespace", "cluster")
        case _:
            return _label_values(scope, (serving.requests_running,), choice, "cluster", "namespace")


def _label_values(scope: Scope, metrics: Sequence[Metric], label: str, *chosen: str) -> str:
    """Of the label as the first name spells it; a selector over all names that may be there."""
    names = [name for metric in metrics for name in names_of(metric)]
    names = [name for name in names if scope.has(name)] or names[:1]
    spelled = scope.cluster if label == "cluster" else label
    for metric in metrics:
        for _, upstream in upstreams_of(metric):
            spelled = upstream.labels.get(label, (spelled,))[0]
    own = "".join(f', {scope.cluster if one == "cluster" else one}=~"${one}"' for one in chosen)
    return f'label_values({{__name__=~"{"|".join(names)}"{own}}}, {spelled})'


def _query(name: str, query: str) -> Json:
    return {
        "type": "query",
        "name": name,
        "label": name.capitalize(),
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _limit(choice: Choice, scope: Scope) -> Json:
    metric, usual = _LIMITS[choice]
    query = f'label_values({{__name__=~"{"|".join(names_of(metric, Part.BUCKET))}", {scope.cluster}=~"$cluster"}}, le)'
    own = _query(choice, query)
    return own | {
        "label": _LABELS[choice],
        "sort": 3,
        "multi": False,
        "includeAll": False,
        "regex": r"/^\d.*/",
        "current": {"text": usual, "value": usual},
    }


def _total(name: str, expr: str) -> Json:
    query = f"query_result({expr})"
    return _query(name, query) | {
        "hide": 2,
        "multi": False,
        "includeAll": False,
        "sort": 0,
        "regex": r"/([0-9.e+-]+) [0-9.e+]+$/",  # a row is labels, value, milliseconds
        "current": {},
    }


def marks(scope: Scope) -> list[Json]:
    """Grafana's own, nodes that came, and pods that were made: what a deploy looks like."""
    own = scope.only("cluster")
    made = [
        ("Nodes made", series(Read(nodes.created_seconds, combine="max"), own, ("cluster", "node")), "node {{node}}"),
        (
            "Pods made",
            series(Read(pods.created_seconds, combine="max"), own, ("cluster", "namespace")),
            "a pod of {{namespace}}",
        ),
    ]
    return [
        {
            "name": "Annotations & Alerts",
            "type": "dashboard",
            "builtIn": 1,
            "enable": True,
            "hide": True,
            "iconColor": "#8DACE8",
            "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        },
        *_drawn(made),
    ]


def _drawn(made: Sequence[tuple[str, str, str]]) -> Iterator[Json]:
    for name, expr, text in made:
        yield {
            "name": name,
            "enable": False,
            "iconColor": "#6F5C8B",
            "datasource": _SOURCE,
            "expr": f"1000 * {expr}",
            "useValueForTime": True,
            "titleFormat": name,
            "textFormat": text,
            "step": "60s",
        }

"""What a PromQL text asks for: its selectors, and whether the declarations know their names and labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import promql_parser

from analyzer.kpi.definitions.money import CONSTANT_PRICED
from exporters.canonical import device, efa, ledger, neuron, nodes, pods, serving, telemetry
from exporters.metric import Kind, Metric
from exporters.upstream import families
from exporters.upstream.declaration import CLUSTER_LABELS, Upstream

VARIABLES: Mapping[str, str] = {
    "$__rate_interval": "5m",
    "$__range": "6600s",
    "${ttft:raw}": "0.5",
    "${itl:raw}": "0.05",
    "$ttft": "0.5",
    "$itl": "0.05",
    **{f"${name}": ".*" for name in ("cluster", "namespace", "model", "team", "node")},
}
_PARTS = ("_bucket", "_sum", "_count")


def filled(expr: str, variables: Mapping[str, str] = VARIABLES) -> str:
    """With Grafana's variables filled in."""
    for name, value in variables.items():
        expr = expr.replace(name, value)
    return expr


def selectors(expr: str) -> Iterator[tuple[str, list[str]]]:
    """(name, labels of its matchers) of every series that the text reads; raises ValueError where it does not parse."""
    yield from _selectors(promql_parser.parse(expr))


def _selectors(node: Any) -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name or "", [one.name for one in node.matchers.matchers]
    for part in ("expr", "lhs", "rhs", "args", "vector_selector"):
        found = getattr(node, part, None)
        for child in found if isinstance(found, list) else [found] if found is not None else []:
            yield from _selectors(child)


@cache
def declared() -> Mapping[str, frozenset[str]]:
    """Every name that a store may hold, as declared, with the labels that its series may have."""
    found: dict[str, set[str]] = {name: {"cluster", "namespace", *labels} for name, labels in CONSTANT_PRICED.values()}
    for module in (device, efa, ledger, neuron, nodes, pods, serving, telemetry):
        for metric in vars(module).values():
            if isinstance(metric, Metric):
                _add(found, metric.full_name, metric, Upstream(metric.full_name, metric))
    for family in families().values():
        for upstream in family.upstreams:
            _add(found, upstream.name, upstream.metric, upstream)
    return {name: frozenset(labels) for name, labels in found.items()}


def _add(found: dict[str, set[str]], name: str, metric: Metric, upstream: Upstream) -> None:
    labels = {*CLUSTER_LABELS, *metric.labels, *upstream.where, *upstream.unless, "le"}
    labels |= {re.sub("^=", "", one) for each in upstream.labels.values() for one in each}
    for suffix in _PARTS if metric.kind is Kind.HISTOGRAM else ("",):
        found.setdefault(name + suffix, set()).update(labels)

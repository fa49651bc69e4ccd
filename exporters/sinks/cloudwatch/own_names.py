"""Names, units and dimensions in a namespace of our own: a metric is called as everywhere else, without `_total`.

Dimensions are called like labels. Each metric is there for the cluster, for each node, namespace, model and instance
type where it has such a label, and once with all its labels, the finest. What says *which kind* (state, reason, bound)
stands in every one of them, so that an alarm on one state needs no sum. Ratios stay 0 to 1, unit None.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from exporters.canonical import device, ledger, telemetry
from exporters.metric import Kind, Metric, Unit
from exporters.sinks.cloudwatch.facts import Facts
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Placed, Reading, Set

NAMESPACE = "gpuyield"
_SCOPES = ("node", "namespace", "model", "instance_type")
_KINDS = frozenset(
    {"state", "reason", "bound", "kind", "signal", "phase", "step", "rule", "result", "sink", "source", "code", "clock"}
    | {"price_basis", "severity", "cause", "link", "direction", "status", "event", "percentile", "span"}
    | {"resource", "message_type", "basis", "fee"}
)
_UNITS = {Unit.SECONDS: CloudWatchUnit.SECONDS, Unit.BYTES: CloudWatchUnit.BYTES}
# Left out last to first where a budget of series is not enough: money, then what is used, then the rest.
_FIRST = (ledger, telemetry)
_SECOND = (device.busy_ratio, device.compute_active_ratio, device.memory_used_bytes, device.power_watts, device.healthy)


def name_of(metric: Metric) -> str:
    return metric.name.removesuffix("_total")


def unit_of(metric: Metric) -> CloudWatchUnit:
    is_count = metric.kind is Kind.COUNTER and metric.unit is Unit.NONE
    return CloudWatchUnit.COUNT if is_count else _UNITS.get(metric.unit, CloudWatchUnit.NONE)


def sets_of(labels: tuple[str, ...]) -> tuple[Set, ...]:
    """Of a metric with these labels, the coarsest first, the finest last; labels without a value are none."""
    kinds = [label for label in labels if label in _KINDS]
    scopes = [[scope] for scope in _SCOPES if scope in labels]
    whole = [label for label in labels if label != "cluster"]
    found = [_set(picked) for picked in ([], *scopes)]
    sets = [(*one, *(kind for kind in kinds if kind not in one)) for one in found]
    return tuple(dict.fromkeys([*sets, _set(whole)]))


@cache
def rank_of(metric: Metric) -> int:
    """Of its family: the highest is left out first."""
    for rank, family in enumerate(_FIRST):
        if metric in vars(family).values():
            return rank
    return len(_FIRST) + (metric not in _SECOND)


def place(readings: list[Reading], facts: Facts, cluster: str, namespace: str) -> Iterator[Placed]:
    """Every reading, in one place each."""
    for reading in readings:
        labels = {name: value for name, value in reading.labels if value.strip()}
        labels |= {"cluster": cluster} if cluster else {}
        if facts.origin.node:
            labels.setdefault("node", facts.origin.node)
        names = tuple(label for label in ("cluster", "node", *reading.metric.labels) if label in labels)
        sets = tuple(one for one in sets_of(tuple(dict.fromkeys(names))) if all(name in labels for name in one))
        yield Placed(
            namespace,
            name_of(reading.metric),
            unit_of(reading.metric),
            reading.at,
            reading.values,
            tuple(sorted(labels.items())),
            sets,
            reading.samples,
            rank=rank_of(reading.metric),
        )


def _set(picked: list[str]) -> Set:
    return ("cluster", *picked)

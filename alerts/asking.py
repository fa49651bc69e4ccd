"""What rules ask, in few words; the names behind a metric come from the declarations."""

from __future__ import annotations

from analyzer.kpi.scope import Scope
from analyzer.kpi.series import Read, total
from exporters.canonical import nodes
from exporters.metric import Metric, Part

# The published ledger moves once in five minutes; three cells make a rate that does not jump.
CELLS = "15m"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
NODE = ("cluster", "node")
DEVICE = ("cluster", "node", "uuid")
MODEL = ("cluster", "namespace", "model")
ENGINE = ("cluster", "namespace", "model", "pod")
_ACCELERATORS = "nvidia_com_.+|aws_amazon_com_neuron.*"
_REMEMBERED = "6h"


def largest(metric: Metric, scope: Scope, by: tuple[str, ...], function: str = "", **where: str) -> str:
    """The largest value of a state, now or by a function over the window; several tellers of one thing are one."""
    return total(Read(metric, function, where=tuple(where.items()), combine="max"), scope, by, "max")


def smallest(metric: Metric, scope: Scope, by: tuple[str, ...], function: str = "", **where: str) -> str:
    """The smallest value."""
    return total(Read(metric, function, where=tuple(where.items()), combine="min"), scope, by, "min")


def mean(metric: Metric, scope: Scope, by: tuple[str, ...], function: str = "") -> str:
    """The mean over the things that tell."""
    return total(Read(metric, function, combine="max"), scope, by, "avg")


def summed(metric: Metric, scope: Scope, by: tuple[str, ...], function: str = "", **where: str) -> str:
    """Added up; `rate` and `increase` of counters."""
    return total(Read(metric, function, where=tuple(where.items())), scope, by)


def counted(metric: Metric, scope: Scope, by: tuple[str, ...], function: str) -> str:
    """How many observations a histogram got."""
    return total(Read(metric, function, Part.COUNT), scope, by)


def labels(scope: Scope, by: tuple[str, ...]) -> str:
    """For `on (...)`."""
    return ", ".join(scope.cluster if label == "cluster" else label for label in by)


def with_accelerators(scope: Scope) -> str:
    """Nodes that had accelerators in the last hours; a node that broke may not show them any more."""
    read = Read(nodes.capacity, "max_over_time", where=(("resource", _ACCELERATORS),), combine="max")
    return f"{total(read, scope.over(_REMEMBERED), NODE, 'max')} > 0"


def was(metric: Metric, scope: Scope, by: tuple[str, ...]) -> str:
    """The largest value of the last hours."""
    return largest(metric, scope.over(_REMEMBERED), by, "max_over_time")

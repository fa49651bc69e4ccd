"""CloudWatch's search expressions over a metric as our sink calls it, in its own namespace."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.metric import Metric
from exporters.sinks.cloudwatch.own_names import NAMESPACE, name_of, sets_of

PERIOD_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Search:
    """Series of one metric: by `by` and the labels that say which kind, with chosen values of some of them."""

    metric: Metric
    statistic: str
    by: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def text(self, cluster: str) -> str:
        """`cluster` empty: all of them."""
        wanted = [("cluster", (cluster,)), *self.where] if cluster else list(self.where)
        chosen = "".join(f" {label}={_either(values)}" for label, values in wanted)
        schema = ",".join((NAMESPACE, *self._dimensions()))
        name = f'{{{schema}}} MetricName="{name_of(self.metric)}"'
        return f"SEARCH('{name}{chosen}', '{self.statistic}', {PERIOD_SECONDS})"

    def _dimensions(self) -> tuple[str, ...]:
        """The coarsest set that the sink writes with these labels."""
        labels = (*(("node",) if "uuid" in self.metric.labels else ()), *self.metric.labels)
        for one in sets_of(tuple(dict.fromkeys(labels))):
            if set(self.by) <= set(one):
                return one
        raise ValueError(f"{self.metric.full_name}: no dimension set of it has {', '.join(self.by)}")


def _either(values: tuple[str, ...]) -> str:
    quoted = [f'"{value}"' for value in values]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"

"""gpuyield's own exporters: what they publish already has its canonical name."""

from collections.abc import Iterator
from types import ModuleType

from exporters.canonical import device, efa, neuron, nodes, pods, prices, serving
from exporters.metric import Metric
from exporters.upstream.declaration import Family, Upstream

# Before every other name of the same thing: nothing was lost in translation.
_RANK = -1


def _published(*modules: ModuleType) -> Iterator[Metric]:
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Metric))


_METRICS = (*_published(device, nodes, pods, prices, serving, neuron, efa), *efa.KNOWN.values())

family = Family(
    "gpuyield",
    "gpuyield's own exporters",
    tuple(Upstream(metric.full_name, metric, rank=_RANK) for metric in _METRICS),
)

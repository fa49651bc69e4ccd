"""What a series of another program's page means here, by the declarations of `exporters/upstream`.

Labels are found as if Prometheus had read the page and moved the page's own labels to `exported_...`: so a label
`pod` of DCGM's exporter is the holder of the device, and never the exporter's own pod.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from exporters.canonical import device, serving
from exporters.metric import Kind, Metric, Part, Sample
from exporters.series import Labels, Series
from exporters.upstream import families
from exporters.upstream.declaration import Upstream
from exporters.upstream.producers import gpuyield

_EXPORTED = "exported_"
_PARTS = (Part.BUCKET, Part.SUM, Part.COUNT)
_SERIES_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """One reading of one series."""

    upstream: Upstream
    part: Part
    le: float | None
    labels: Labels

    @property
    def identity(self) -> tuple[str, Labels]:
        """What names compete for. Parts of one histogram are never taken from two names."""
        return self.upstream.metric.name, self.labels

    def takes(self, value: float) -> bool:
        """Not a marker for "no value", nor NaN."""
        return value == value and (self.upstream.below is None or value < self.upstream.below)

    def sample(self, value: float, at: float) -> Sample:
        metric, labels = self.upstream.metric, dict(self.labels)
        told = 1.0 if self.upstream.as_one else value * self.upstream.scale
        if self.part is Part.WHOLE:
            return metric.sample(told, at, **labels)
        return metric.part(self.part, told, at, self.le, **labels)


class Meanings:
    """Of the series of one page, each worked out once."""

    def __init__(self, target: Labels) -> None:
        self._target = dict(target)
        self._known: dict[int, tuple[Meaning, ...]] = {}

    def of(self, series: Series) -> tuple[Meaning, ...]:
        """Nothing for a series that nobody declared."""
        found = self._known.get(series.key)
        if found is None:
            if len(self._known) >= _SERIES_KEPT:  # requests and pods that came and went
                self._known.clear()
            found = self._known[series.key] = tuple(self._read(series))
        return found

    def _read(self, series: Series) -> Iterator[Meaning]:
        own = dict(series.labels)
        exported = {label if label.startswith(_EXPORTED) else _EXPORTED + label: value for label, value in own.items()}
        for upstream, part in _declared().get(series.name, ()):
            le = _bound(own.get("le", "")) if part is Part.BUCKET else None
            if upstream.accepts(own) and (le is not None) == (part is Part.BUCKET):
                # The target's pod holds no device: it only tells of them.
                target = {} if upstream.metric is device.allocation else self._target
                labels = upstream.canonical_labels(target | exported)
                if upstream.metric is not device.allocation or labels["pod"]:
                    yield Meaning(upstream, part, le, _kept(labels, upstream.metric))


def metrics() -> tuple[Metric, ...]:
    """What a page may tell of."""
    known = {upstream.metric.name: upstream.metric for rows in _declared().values() for upstream, _ in rows}
    return tuple(known.values())


@cache
def _declared() -> Mapping[str, tuple[tuple[Upstream, Part], ...]]:
    """By name of the series: what there is to say of devices and engines, which are on this node.

    Our own names are not read again: an agent that reads itself would never forget.
    """
    here = {one.name for module in (device, serving) for one in vars(module).values() if isinstance(one, Metric)}
    others = [family for family in families().values() if family is not gpuyield.family]
    found: dict[str, list[tuple[Upstream, Part]]] = defaultdict(list)
    for upstream in (upstream for family in others for upstream in family.upstreams):
        if upstream.metric.name in here:
            for part in _PARTS if upstream.metric.kind is Kind.HISTOGRAM else (Part.WHOLE,):
                found[f"{upstream.name}_{part}" if part else upstream.name].append((upstream, part))
    return {name: tuple(rows) for name, rows in found.items()}


def _kept(labels: Mapping[str, str], metric: Metric) -> Labels:
    return tuple((label, labels[label]) for label in metric.labels)


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

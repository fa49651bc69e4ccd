"""What is said of one upstream series: its name, its meaning, its scale, its labels, and when it lived."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from exporters.metric import Metric

CLUSTER_LABELS = ("cluster", "cluster_name", "k8s_cluster_name")


@dataclass(frozen=True)
class Upstream:
    """One upstream series, read as one canonical metric.

    `labels` maps a canonical label to the upstream labels that may hold it, the best first; a label that is not
    named is looked for under its own name. Before each candidate its `exported_` form is tried: Prometheus moves a
    page's own label there when the target has one of the same name (honorLabels: false, the usual setting). A
    candidate written `=pod` is the target's own label and has no other form.
    """

    name: str
    metric: Metric
    scale: float = 1.0
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)  # canonical labels that this name implies
    where: Mapping[str, str] = field(default_factory=dict)  # upstream label -> regular expression that must match
    unless: tuple[str, ...] = ()  # upstream labels whose presence means: not this
    rank: int = 0  # lower wins where several names answer for the same thing
    below: float | None = None  # values at or above are sentinels for "no value"
    as_one: bool = False  # the fact is in the labels: the value read is 1, whatever stands there
    versions: str = ""  # releases in which the name lived, in the producer's own numbers

    @cached_property
    def _tests(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        return tuple((label, re.compile(pattern)) for label, pattern in self.where.items())

    @cached_property
    def _candidates(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        wanted = ("cluster", *self.metric.labels)
        default = {"cluster": CLUSTER_LABELS}
        return tuple(
            (
                label,
                tuple(
                    spelling
                    for candidate in self.labels.get(label, default.get(label, (label,)))
                    for spelling in _spellings(candidate)
                ),
            )
            for label in wanted
            if label not in self.constants
        )

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels is meant by this declaration."""
        if any(label in labels for label in self.unless):
            return False
        return all(pattern.fullmatch(labels.get(label, "")) for label, pattern in self._tests)

    def canonical_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """The canonical labels of an upstream series; a label that nobody set is the empty string."""
        read = dict(self.constants)
        for label, candidates in self._candidates:
            read[label] = next((labels[spelling] for spelling in candidates if spelling in labels), "")
        return read


def _spellings(candidate: str) -> tuple[str, ...]:
    return (candidate[1:],) if candidate.startswith("=") else (f"exported_{candidate}", candidate)


@dataclass(frozen=True)
class Family:
    """One producer and the series of it that gpuyield understands."""

    name: str  # how reports call it: dcgm, vllm, kube-state-metrics
    title: str
    upstreams: tuple[Upstream, ...]

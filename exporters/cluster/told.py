"""Makes the samples of an object anew only where what they are made of has changed: most objects rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from exporters.metric import Sample
from exporters.series import Labels

Facts = TypeVar("Facts")


class Told(Generic[Facts]):
    """Of one source. Labels are shared among the samples of an object, now and later: they are their largest part."""

    def __init__(self, make: Callable[[Facts], Iterable[Sample]]) -> None:
        self._make = make
        self._told: dict[str, tuple[Facts, tuple[Sample, ...]]] = {}

    def samples(self, facts: Mapping[str, Facts], at: float) -> list[Sample]:
        """Of these objects, by a name that stays."""
        fresh = {}
        for name, now in facts.items():
            known = self._told.get(name)
            if known is not None and known[0] == now:
                fresh[name] = now, tuple([Sample(one.metric, one.labels, one.value, at, one.part) for one in known[1]])
            else:
                fresh[name] = now, tuple(_sharing(self._make(now), at))
        self._told = fresh
        return [sample for _, samples in fresh.values() for sample in samples]


def _sharing(samples: Iterable[Sample], at: float) -> Iterator[Sample]:
    pairs: dict[tuple[str, str], tuple[str, str]] = {}
    labels: dict[Labels, Labels] = {}
    for sample in samples:
        own = tuple([pairs.setdefault(pair, pair) for pair in sample.labels])
        yield Sample(sample.metric, labels.setdefault(own, own), sample.value, at, sample.part)

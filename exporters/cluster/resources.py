"""Which of the things that nodes offer and pods ask for are accelerators, and how their names stand in labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exporters.cluster.quantity import number_of

_ACCELERATOR = re.compile(r"nvidia\.com/(gpu(\.shared)?|mig-[\w.]+)|aws\.amazon\.com/neuron(core|device)?", re.ASCII)
_OF_HOST = frozenset({"cpu", "memory", "pods"})
_NO_LETTER = re.compile(r"\W", re.ASCII)

Quantities = Mapping[str, str | int | float]


def is_accelerator(resource: str) -> bool:
    return _ACCELERATOR.fullmatch(resource) is not None


def has_accelerators(quantities: Quantities) -> bool:
    """Whether there is at least one: a node advertises 0 while its device plugin is away."""
    return any(is_accelerator(resource) and number_of(count) for resource, count in quantities.items())


def numbers(quantities: Quantities) -> Iterator[tuple[str, float]]:
    """(name, number) of accelerators, cpu cores, memory bytes and pods, named as kube-state-metrics does."""
    for resource, quantity in quantities.items():
        if (resource in _OF_HOST or is_accelerator(resource)) and (number := number_of(quantity)) is not None:
            yield _NO_LETTER.sub("_", resource), number

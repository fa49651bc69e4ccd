"""An object of the API with all of its life: when it is there, when it changes, and how it looks in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from exporters.simulation.kube_api.kind import Kind
from exporters.simulation.kube_api.metadata import Json
from exporters.simulation.steps import FOREVER, Span


@dataclass(frozen=True, slots=True)
class Thing:
    """`show` gives the object as it is from one of its `edges` until the next one; the first is when it is made."""

    kind: Kind
    namespace: str
    name: str
    life: Span
    edges: tuple[float, ...]
    show: Callable[[float], Json]


def thing(kind: Kind, name: str, life: Span, edges: Iterable[float], show: Callable[[float], Json]) -> Thing:
    """`name` is namespace/name where it has a namespace; edges outside of its life are left out."""
    namespace, _, own = name.rpartition("/")
    inside = {edge for edge in edges if life.start < edge < min(life.end, FOREVER)}
    return Thing(kind, namespace, own, life, (life.start, *sorted(inside)), show)

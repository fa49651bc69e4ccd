"""A cluster of thousands of nodes that is written when it is asked for: its size costs no memory.

Changes come at a steady rate and visit the objects of a kind in turn, so that how often one has changed at a version,
and with it how it looks, is arithmetic. A pod that was replaced has another uid, and another name but for its number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from exporters.simulation.kube_api.cluster import ADDED, DELETED, MODIFIED, Change
from exporters.simulation.kube_api.crowd_cast import POOLS as SORTS
from exporters.simulation.kube_api.crowd_objects import OWNED, Drawer
from exporters.simulation.kube_api.kind import CLAIMS, NODES, PODS, POOLS, Kind

_FIRST_VERSION = 1_000_000
_REMEMBERED_SECONDS = 300.0
_VERSIONS_A_CHANGE = 2  # a replaced pod goes, and comes
_NODE_CHANGES = 5  # one of so many is a node's, the others are pods'
_STRIDE = 7919  # a prime: the next one that changes stands far away


@dataclass(frozen=True, slots=True)
class Crowd:
    """A `Cluster`. One of `holder_share` pods holds accelerators; `changes_a_second` from `began` on."""

    nodes: int
    pods: int
    holder_share: int = 25
    changes_a_second: float = 100.0
    clock: Callable[[], float] = time.time
    began: float = field(init=False)
    _drawer: Drawer = field(init=False)

    def __post_init__(self) -> None:
        if self.nodes % _STRIDE == 0 or self.pods % _STRIDE == 0:
            raise ValueError(f"numbers of nodes and pods must not be multiples of {_STRIDE}")
        object.__setattr__(self, "began", self.clock())
        object.__setattr__(self, "_drawer", Drawer(self.nodes, self.holder_share, self.began))

    def version(self) -> int:
        return self._version_at(self.clock())

    def oldest(self) -> int:
        return self._version_at(self.clock() - _REMEMBERED_SECONDS)

    def objects(self, kind: Kind, version: int, start: int, limit: int) -> tuple[Sequence[bytes], int]:
        total = self._count(kind)
        turn = (version - _FIRST_VERSION) // _VERSIONS_A_CHANGE
        numbers = range(start, min(total, start + limit))
        return [self._drawer.draw(kind, number, self._rounds(kind, number, turn), version) for number in numbers], total

    def changes(self, kind: Kind, after: int, until: int) -> Iterator[Change]:
        first, last = ((version - _FIRST_VERSION) // _VERSIONS_A_CHANGE for version in (after, until))
        for turn in range(max(0, first) + 1, last + 1):
            if kind is self._kind_of(turn):
                number = (self._happened(kind, turn) - 1) * _STRIDE % self._count(kind)
                yield from self._change(kind, number, self._rounds(kind, number, turn), turn)

    def _change(self, kind: Kind, number: int, rounds: int, turn: int) -> Iterator[Change]:
        version = _FIRST_VERSION + turn * _VERSIONS_A_CHANGE
        if kind is PODS and self._drawer.is_replaced(number, rounds):
            yield Change(version - 1, DELETED, self._drawer.draw(kind, number, rounds - 1, version - 1))
            yield Change(version, ADDED, self._drawer.draw(kind, number, rounds, version))
        else:
            yield Change(version, MODIFIED, self._drawer.draw(kind, number, rounds, version))

    def _version_at(self, at: float) -> int:
        return _FIRST_VERSION + max(0, int((at - self.began) * self.changes_a_second)) * _VERSIONS_A_CHANGE

    def _count(self, kind: Kind) -> int:
        counts = {NODES: self.nodes, CLAIMS: self.nodes, POOLS: len(SORTS), PODS: self.pods}
        return counts.get(kind, self.pods // OWNED)

    @staticmethod
    def _kind_of(turn: int) -> Kind:
        return PODS if turn % _NODE_CHANGES else NODES

    @staticmethod
    def _happened(kind: Kind, turn: int) -> int:
        """How many changes of this kind there were up to and with this turn."""
        nodes = turn // _NODE_CHANGES
        return {NODES: nodes, PODS: turn - nodes}.get(kind, 0)

    def _rounds(self, kind: Kind, number: int, turn: int) -> int:
        """How often this object has changed, up to and with this turn."""
        total = self._count(kind)
        first = number * pow(_STRIDE, -1, total) % total if total > 1 else 0
        return max(0, (self._happened(kind, turn) - first + total - 1) // total)

"""Keeps the number of series within what may be spent: labels go first, then the families that are worth least.

CloudWatch charges each series by the hour in which it was sent, so those of the last hour count. The coarse dimension
sets of every family come before the finest set of any; within that, families by their rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from exporters.sinks.cloudwatch.measure import Placed, Set

_CHARGED_SECONDS = 3_600
SeriesName = tuple[str, str, tuple[tuple[str, str], ...]]  # namespace, name, dimensions


@dataclass(frozen=True, slots=True, order=True)
class _Group:
    """What is kept or left out as one: a metric with one of its dimension sets."""

    is_finest: bool
    rank: int
    namespace: str
    name: str
    set: Set

    @property
    def text(self) -> str:
        return f"{self.name} by {', '.join(self.set) or 'nothing'}"


class Budget:
    """`most` None: no limit."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._seen: dict[SeriesName, float] = {}
        self._groups: dict[SeriesName, _Group] = {}
        self._out: frozenset[_Group] = frozenset()

    @property
    def series(self) -> int:
        """How many were sent in the last hour."""
        return sum(self._groups[name] not in self._out for name in self._seen)

    @property
    def left_out(self) -> list[str]:
        """What is not sent, in words: `accelerator_clock_hertz by cluster, node, uuid`."""
        return [group.text for group in sorted(self._out)]

    @property
    def series_left_out(self) -> int:
        return len(self._seen) - self.series

    def within(self, placed: Sequence[Placed], now: float) -> tuple[list[Placed], int]:
        """What is sent of these, and how many samples are not at all."""
        self._look(placed, now)
        if not self._out:
            return list(placed), 0
        kept, dropped = list[Placed](), 0
        for one in placed:
            sets = tuple(set_ for set_ in one.sets if _group(one, set_) not in self._out)
            if sets:
                kept.append(replace(one, sets=sets))
            else:
                dropped += one.samples
        return kept, dropped

    def _look(self, placed: Iterable[Placed], now: float) -> None:
        for one in placed:
            fields = one.field
            for set_ in one.sets:
                name = one.namespace, one.name, tuple((label, fields[label]) for label in set_)
                self._groups[name] = _group(one, set_)
                self._seen[name] = now
        for name in [name for name, at in self._seen.items() if now - at > _CHARGED_SECONDS]:
            del self._seen[name], self._groups[name]
        self._out = self._too_much()

    def _too_much(self) -> frozenset[_Group]:
        if self._most is None or len(self._seen) <= self._most:
            return frozenset()
        sizes: dict[_Group, int] = defaultdict(int)
        for name in self._seen:
            sizes[self._groups[name]] += 1
        room, out = self._most, set[_Group]()
        for group in sorted(sizes):
            if sizes[group] <= room:
                room -= sizes[group]
            else:
                out.add(group)
        return frozenset(out)


def _group(one: Placed, set_: Set) -> _Group:
    return _Group(len(one.sets) > 1 and set_ == one.sets[-1], one.rank, one.namespace, one.name, set_)

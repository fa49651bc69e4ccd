"""Indices that stay: drivers count their devices anew when one before them is lost, and the ledger must not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

from analyzer.ledger.devices import Seen
from analyzer.ledger.nodes import Presence, joined


def steady(seen: list[Seen]) -> list[Seen]:
    """Each device under the highest index that its node ever gave it: a loss only counts others down.

    Where that would give two devices one index at a time, a node's indices stay as they were told.
    """
    by_place: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for one in seen:
        by_place[one.place].append(one)
    return [one for here in by_place.values() for one in _of_node(here)]


def _of_node(seen: list[Seen]) -> list[Seen]:
    by_uuid: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        by_uuid[one.uuid].append(one)
    highest = {uuid: max((one.index for one in told), key=_number) for uuid, told in by_uuid.items()}
    sharing: dict[str, list[Presence]] = defaultdict(list)
    for uuid, told in by_uuid.items():
        sharing[highest[uuid]].append(joined(one.presence for one in told))
    if "" in by_uuid or any(_meet(presences) for presences in sharing.values()):
        return seen
    return [replace(one, index=highest[one.uuid]) for one in seen]


def _number(index: str) -> int:
    return int(index) if index.isdecimal() else -1


def _meet(presences: Iterable[Presence]) -> bool:
    """Whether two of them are there at a time."""
    return any(one.first < two.last and two.first < one.last for one, two in combinations(presences, 2))

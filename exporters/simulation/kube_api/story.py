"""The simulated fleet's story as a cluster: each change of each object has its moment, and with it its version.

Nothing is stored: an object is drawn as it was at the moment of a version when somebody asks.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from exporters.simulation.kube_api.claims import claim_thing, pool_thing
from exporters.simulation.kube_api.cluster import ADDED, DELETED, MODIFIED, Change
from exporters.simulation.kube_api.kind import Kind
from exporters.simulation.kube_api.nodes import node_thing
from exporters.simulation.kube_api.pods import pod_thing, pulled_things, replicaset_things
from exporters.simulation.kube_api.thing import Thing
from exporters.simulation.steps import FOREVER
from exporters.simulation.story import Node, Pod

FIRST_VERSION = 1000  # before anything was made
_REMEMBERED_SECONDS = 300.0  # as etcd is compacted


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    type: str
    thing: Thing
    shown: float  # the edge from which on it looks so


class StoryCluster:
    """A `Cluster`. `clock` may run at any speed, but not backwards."""

    def __init__(
        self, nodes: Sequence[Node], pods: Sequence[Pod], seed: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        things = list(_things(nodes, pods, seed))
        self._moments = sorted((moment for one in things for moment in _moments(one)), key=lambda moment: moment.at)
        self._times = [moment.at for moment in self._moments]
        self._by_kind: dict[str, list[Thing]] = defaultdict(list)
        for one in sorted(things, key=lambda each: (each.namespace, each.name)):
            self._by_kind[one.kind.path].append(one)
        self._versions: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for version, moment in enumerate(self._moments, FIRST_VERSION + 1):
            self._versions[id(moment.thing)].append((moment.at, version))

    def version(self) -> int:
        return FIRST_VERSION + bisect_right(self._times, self._clock())

    def oldest(self) -> int:
        return FIRST_VERSION + bisect_right(self._times, self._clock() - _REMEMBERED_SECONDS)

    def objects(self, kind: Kind, version: int, start: int, limit: int) -> tuple[Sequence[bytes], int]:
        there = [found for one in self._by_kind[kind.path] if (found := self._newest(one, version)) is not None]
        return [self._text(moment, own) for moment, own in there[start : start + limit]], len(there)

    def changes(self, kind: Kind, after: int, until: int) -> Iterator[Change]:
        for version in range(max(after, FIRST_VERSION) + 1, until + 1):
            moment = self._moments[version - FIRST_VERSION - 1]
            if moment.thing.kind is kind:
                yield Change(version, moment.type, self._text(moment, version))

    def _newest(self, one: Thing, version: int) -> tuple[_Moment, int] | None:
        """The last change of a thing up to this version; None where it is not there then."""
        own = self._versions[id(one)]
        index = bisect_right(own, version, key=lambda entry: entry[1])
        if not index:
            return None
        found = own[index - 1][1]
        moment = self._moments[found - FIRST_VERSION - 1]
        return None if moment.type == DELETED else (moment, found)

    @staticmethod
    def _text(moment: _Moment, version: int) -> bytes:
        found = moment.thing.show(moment.shown)
        found["metadata"]["resourceVersion"] = str(version)
        return json.dumps(found, separators=(",", ":")).encode()


def _things(nodes: Sequence[Node], pods: Sequence[Pod], seed: int) -> Iterator[Thing]:
    by_name = {node.name: node for node in nodes}
    pools: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        pools[node.pool].append(node)
        yield node_thing(node, [pod for pod in pods if pod.node == node.name], seed)
        yield claim_thing(node, seed)
    for pool, members in pools.items():
        yield pool_thing(pool, members, seed)
    for pod in pods:
        yield pod_thing(pod, by_name[pod.node], seed)
    yield from replicaset_things(pods, seed)
    yield from pulled_things(pods, seed)


def _moments(one: Thing) -> Iterator[_Moment]:
    for edge in one.edges:
        yield _Moment(edge, ADDED if edge == one.life.start else MODIFIED, one, edge)
    if one.life.end < FOREVER:
        yield _Moment(one.life.end, DELETED, one, one.edges[-1])

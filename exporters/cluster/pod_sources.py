"""What the collector tells of pods that hold accelerators, or wait for them: a source for each kind of object."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from exporters.canonical import pods
from exporters.cluster.firsts import PodFirsts
from exporters.cluster.kinds import Owned
from exporters.cluster.mirror import Mirror
from exporters.cluster.objects import Node, Pod
from exporters.cluster.pod_life import image_sizes
from exporters.cluster.pod_samples import PodFacts, pod_samples
from exporters.cluster.pulled import Pulled
from exporters.cluster.told import Told
from exporters.metric import Metric, Sample

Clock = Callable[[], float]


class PodSource:
    """Pods that ask for accelerators; events and nodes tell of their images, where these can be read."""

    metrics: tuple[Metric, ...] = (
        *(pods.pod_info, pods.owner_info, pods.created_seconds, pods.labels_info, pods.app_labels_info, pods.phase),
        *(pods.ready, pods.requested, pods.image_info, pods.restarts_total, pods.waiting, pods.scheduled_seconds),
        *(pods.start_seconds, pods.image_bytes, pods.image_pull_seconds),
    )

    def __init__(
        self,
        mirror: Mirror[Pod],
        firsts: PodFirsts,
        events: Mirror[Pulled],
        node_mirror: Mirror[Node],
        clock: Clock = time.time,
    ) -> None:
        self._mirror = mirror
        self._firsts = firsts
        self._events = events
        self._nodes = node_mirror
        self._clock = clock
        self._told = Told(pod_samples)
        self._pulls: dict[str, dict[str, Pulled]] = {}  # by pod's uid and container: events live for an hour only

    def read(self) -> list[Sample]:
        found = self._mirror.objects()
        self._remember(found.keys(), self._events.known().values())
        on_node = {node.metadata.name: node for node in self._nodes.known().values()}
        facts = {uid: self._facts(pod, on_node.get(pod.spec.node_name)) for uid, pod in found.items()}
        return self._told.samples(facts, self._clock())

    def _remember(self, uids: Iterable[str], events: Iterable[Pulled]) -> None:
        """The first pull of each container: a later one belongs to a restart."""
        pulls = {uid: dict(self._pulls.get(uid, {})) for uid in uids}
        for event in sorted(events, key=lambda event: event.at):
            if event.pod_uid in pulls:
                pulls[event.pod_uid].setdefault(event.container, event)
        self._pulls = pulls

    def _facts(self, pod: Pod, node: Node | None) -> PodFacts:
        pulls = self._pulls[pod.metadata.uid]
        images = (node.status.images if node is not None else None) or ()
        sizes = dict(image_sizes(pod, pulls, images))
        return PodFacts(pod, pulls, sizes, self._firsts.ready(pod.metadata.uid))


class ReplicaSetSource:
    """Who made the ReplicaSets that made the pods with accelerators."""

    metrics: tuple[Metric, ...] = (pods.replicaset_owner_info,)

    def __init__(self, mirror: Mirror[Owned], pod_mirror: Mirror[Pod], clock: Clock = time.time) -> None:
        self._mirror = mirror
        self._pods = pod_mirror
        self._clock = clock

    def read(self) -> list[Sample]:
        wanted = defaultdict(set)
        for pod in self._pods.known().values():
            if (owner := pod.metadata.controller) is not None and owner.kind == "ReplicaSet":
                wanted[pod.metadata.namespace].add(owner.name)
        now = self._clock()
        return [
            pods.replicaset_owner_info.sample(
                1,
                now,
                namespace=one.namespace,
                replicaset=one.name,
                owner_kind=one.owner_kind,
                owner_name=one.owner_name,
            )
            for one in self._mirror.objects().values()
            if one.name in wanted.get(one.namespace, ())
        ]


class EventSource:
    """Has no samples of its own: it says whether events can be read, on which the images of pods depend."""

    metrics: tuple[Metric, ...] = ()

    def __init__(self, mirror: Mirror[Pulled]) -> None:
        self._mirror = mirror

    def read(self) -> list[Sample]:
        self._mirror.objects()
        return []

"""The collector put together: a thread for each kind of object, a source for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event

from exporters.cluster import kinds
from exporters.cluster.api import Api
from exporters.cluster.firsts import NodeFirsts, PodFirsts
from exporters.cluster.mirror import Mirror, Pace, thread_of
from exporters.cluster.node_sources import ClaimSource, NodeClassSource, NodeSource, PoolSource
from exporters.cluster.objects import Node
from exporters.cluster.pod_sources import EventSource, PodSource, ReplicaSetSource
from exporters.kubernetes.kubeconfig import ApiServer
from exporters.source import Source


class ClusterRoster:
    """Of one cluster; begins to read when it is first asked for its sources."""

    name = "cluster"

    def __init__(self, server: ApiServer, pace: Pace | None = None) -> None:
        self._stop = Event()
        self._api = Api(server)
        of_nodes, of_pods = NodeFirsts(), PodFirsts()
        nodes = self._nodes = Mirror(kinds.NODES, of_nodes, pace)
        claims = Mirror(kinds.CLAIMS, None, pace)
        pools = Mirror(kinds.POOLS, None, pace)
        classes = Mirror(kinds.CLASSES, None, pace)
        pods = Mirror(kinds.PODS, of_pods, pace)
        replicasets = Mirror(kinds.REPLICASETS, None, pace)
        events = Mirror(kinds.EVENTS, None, pace)
        self._threads = [
            thread_of(nodes, self._api, self._stop),
            thread_of(claims, self._api, self._stop),
            thread_of(pools, self._api, self._stop),
            thread_of(classes, self._api, self._stop),
            thread_of(pods, self._api, self._stop),
            thread_of(replicasets, self._api, self._stop),
            thread_of(events, self._api, self._stop),
        ]
        self._sources: Mapping[str, Source] = {
            "cluster/nodes": NodeSource(nodes, claims, (of_nodes, of_pods)),
            "cluster/nodeclaims": ClaimSource(claims),
            "cluster/nodepools": PoolSource(pools),
            "cluster/ec2nodeclasses": NodeClassSource(classes),
            "cluster/pods": PodSource(pods, of_pods, events, nodes),
            "cluster/replicasets": ReplicaSetSource(replicasets, pods),
            "cluster/events": EventSource(events),
        }
        self._is_started = False

    def sources(self) -> Mapping[str, Source]:
        if not self._is_started:
            self._is_started = True
            for thread in self._threads:
                thread.start()
        return self._sources

    def nodes(self) -> Mapping[str, Node]:
        """Those of this moment by uid; none while they are not known."""
        return self._nodes.known()

    def close(self) -> None:
        """Watches end with the next line that comes, or with the process."""
        self._stop.set()
        self._api.close()

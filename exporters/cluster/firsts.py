"""Remembers what the API server forgets: when a node first had its devices, and a pod first was Ready.

None stands for what was so already when the collector first looked: nobody knows since when.
"""

from __future__ import annotations

from collections.abc import Collection

from exporters.cluster.node_life import is_up
from exporters.cluster.objects import Node, Pod
from exporters.cluster.pod_life import ready_since
from exporters.cluster.resources import has_accelerators


class NodeFirsts:
    """Of nodes by uid."""

    def __init__(self) -> None:
        self._devices: dict[str, float | None] = {}
        self._was_up: set[str] = set()

    def see(self, before: Node | None, after: Node | None, at: float, is_listed: bool) -> None:
        if after is None:
            if before is not None:
                self._devices.pop(before.metadata.uid, None)
                self._was_up.discard(before.metadata.uid)
            return
        uid = after.metadata.uid
        if is_up(after):
            self._was_up.add(uid)
        if uid not in self._devices and has_accelerators(after.status.allocatable or {}):
            self._devices[uid] = None if is_listed else at

    def devices(self, uid: str) -> float | None:
        """When its accelerators were first seen to be allocatable, unix seconds."""
        return self._devices.get(uid)

    def was_up(self, uid: str) -> bool:
        """Whether it was seen Ready with its accelerators."""
        return uid in self._was_up


class PodFirsts:
    """Of pods by uid, and of the first pod on each node by the node's name."""

    def __init__(self) -> None:
        self._ready: dict[str, float | None] = {}
        self._on_node: dict[str, float | None] = {}

    def see(self, before: Pod | None, after: Pod | None, at: float, is_listed: bool) -> None:
        if after is None:
            if before is not None:
                self._ready.pop(before.metadata.uid, None)
            return
        uid, ready = after.metadata.uid, ready_since(after)
        if ready is not None and uid not in self._ready:
            is_known = before is not None or not is_listed
            self._ready[uid] = ready if is_known else None
            self._on_node.setdefault(after.spec.node_name, self._ready[uid])

    def ready(self, uid: str) -> float | None:
        """When it first became Ready, unix seconds."""
        return self._ready.get(uid)

    def on_node(self, node: str) -> float | None:
        """When the first pod with accelerators became Ready there, unix seconds."""
        return self._on_node.get(node)

    def forget_nodes_but(self, names: Collection[str]) -> None:
        """The name of a node may come again."""
        for name in [name for name in self._on_node if name not in names]:
            del self._on_node[name]

"""Draws the objects of a crowd, each from the template of its sort.

A tenth of the nodes have eight accelerators. Times are those of the beginning, whatever happened to an object since.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache

from exporters.simulation.kube_api import crowd_cast
from exporters.simulation.kube_api.claims import claim_object, pool_object
from exporters.simulation.kube_api.crowd_cast import READY, grown, image_sets
from exporters.simulation.kube_api.kind import CLAIMS, EVENTS, NODES, PODS, POOLS, REPLICASETS, Kind
from exporters.simulation.kube_api.metadata import Json
from exporters.simulation.kube_api.nodes import node_object
from exporters.simulation.kube_api.pods import pod_object, pulled_object, replicaset_object
from exporters.simulation.kube_api.template import Template

OWNED = 10  # pods of one ReplicaSet
_GPU_NODES = 10  # one of so many
_PHASES = 8  # of a pod: it starts, is not Ready yet, and then is
_UNREADY = 50  # a node is not Ready in one of so many
_IMAGE_SETS = 40
_MARKS = ("@VERSION", "@NUMBER", "@NODE", "@ID", "@OWNER", "@GENERATION")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")


class Drawer:
    """`began`: unix seconds."""

    def __init__(self, nodes: int, holder_share: int, began: float) -> None:
        self._gpu_nodes = max(1, nodes // _GPU_NODES)
        self._nodes, self._holder_share, self._began = nodes, holder_share, began
        self._template = cache(self._made)
        self._images = image_sets(_IMAGE_SETS)

    def draw(self, kind: Kind, number: int, rounds: int, version: int) -> bytes:
        """The object after so many changes."""
        if kind is PODS:
            return self._pod(number, rounds, version)
        if kind is EVENTS:
            pod = number * OWNED
            return self._filled(kind, self._holds(pod), READY, version, pod, self._node_of(pod))
        if kind is REPLICASETS:
            return self._filled(kind, False, READY, version, number * OWNED)
        has_accelerators = number % _GPU_NODES == 0
        phase = (number + rounds) % _UNREADY if kind is NODES else READY
        text = self._filled(kind, has_accelerators, min(phase, READY), version, number, number)
        return text.replace(b'"@IMAGES"', self._images[number % _IMAGE_SETS])

    def is_replaced(self, number: int, rounds: int) -> bool:
        """Whether a pod's change is that another one takes its place."""
        return (number + rounds) % _PHASES == 0

    def _pod(self, number: int, rounds: int, version: int) -> bytes:
        generation, phase = divmod(number % _PHASES + rounds, _PHASES)
        holds, node = self._holds(number), self._node_of(number)
        return self._filled(PODS, holds, min(phase, READY), version, number, node, generation)

    def _filled(
        self, kind: Kind, holds: bool, phase: int, version: int, number: int, node: int = 0, generation: int = 0
    ) -> bytes:
        own = f"{number:08x}-{generation:04x}"
        values = (str(version), str(number), str(node), own, str(number // OWNED), str(generation))
        return self._template(kind, holds, phase).filled(*values)

    def _holds(self, pod: int) -> bool:
        return pod % self._holder_share == 0

    def _node_of(self, pod: int) -> int:
        if not self._holds(pod):
            return pod % self._nodes
        return pod // self._holder_share % self._gpu_nodes * _GPU_NODES

    def _made(self, kind: Kind, has_accelerators: bool, phase: int) -> Template:
        began = self._began
        node = crowd_cast.node(has_accelerators, began, is_ready=phase > 0)
        pod = crowd_cast.pod(has_accelerators, phase, began)
        makers: dict[Kind, Callable[[], Json]] = {
            NODES: lambda: _with_images(node_object(node, (), 0, began)),
            CLAIMS: lambda: claim_object(node, 0, began),
            POOLS: lambda: pool_object(node.pool, node.machine.cards, 0, node.created, began),
            PODS: lambda: grown(pod_object(pod, node, 0, began)),
            EVENTS: lambda: pulled_object(pod, 0, "app-@NUMBER.pulled", 45.0, began - 1800),
            REPLICASETS: lambda: replicaset_object(pod, 0, began),
        }
        found = makers[kind]()
        found["metadata"]["resourceVersion"] = "@VERSION"
        return Template(json.loads(_UID.sub("@ID", json.dumps(found))), *_MARKS)


def _with_images(found: Json) -> Json:
    found["status"]["images"] = "@IMAGES"
    return found

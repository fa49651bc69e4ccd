"""The nouns of the simulated fleet: nodes, their shares of devices, pods and the lives of their containers.

Everything here is exact. What a scrape sees of it is decided by the pages and by target.py.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from hashlib import blake2b

from exporters.simulation.machines import Machine
from exporters.simulation.steps import FOREVER, Span


def identity(seed: int, *parts: str) -> str:
    """32 hexadecimal digits that depend on the seed and the words alone."""
    return blake2b("\0".join((str(seed), *parts)).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Slot:
    """The part of a device that one pod can hold: all of it, a MIG instance or one time-slicing replica.

    `share` is the part of the device's dollars. A `spare` slot stands for MIG slices without an instance.
    """

    device: int
    share: float = 1.0
    suffix: str = ""  # tells the slots of one device apart, in the truth's device names
    profile: str = ""  # MIG instance profile, such as 2g.48gb
    instance: str = ""  # MIG instance id
    replica: str = ""  # number of a time-slicing replica
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """A device that fell off the bus (Xid 79) and stays away until the node reboots."""

    device: int
    span: Span


@dataclass(frozen=True, slots=True)
class Node:
    """A machine from launch (whole seconds, the object's creation) until it is gone."""

    name: str
    address: str
    provider_id: str
    zone: str
    machine: Machine
    capacity_type: str
    pool: str
    created: float
    ready: float  # kubelet Ready
    allocatable: float  # accelerators offered: from here on the node can be used
    slots: tuple[Slot, ...]
    uuids: tuple[str, ...]
    cordoned: float = FOREVER
    gone: float = FOREVER
    unready: tuple[Span, ...] = ()  # the machine hangs or reboots: nothing on it answers; its driver starts anew after
    faults: tuple[Fault, ...] = ()
    exporter_down: tuple[Span, ...] = ()  # the DCGM exporter does not answer though the machine works

    @property
    def mig(self) -> bool:
        return any(slot.profile for slot in self.slots)

    @property
    def replicas(self) -> int:
        """Replicas that the device plugin makes of one device; 1 without time slicing."""
        return sum(1 for slot in self.slots if slot.device == 0 and slot.replica) or 1

    def slot_name(self, slot: Slot) -> str:
        return self.uuids[slot.device] + slot.suffix


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a pod's container: started, Ready (FOREVER: never), ended (FOREVER: not yet).

    `backs_off` says that the kubelet waits in CrashLoopBackOff after it, rather than starting the next at once.
    """

    start: float
    ready: float
    end: float = FOREVER
    backs_off: bool = False

    @property
    def serving(self) -> Span | None:
        return Span(self.ready, self.end) if self.ready < self.end else None


@dataclass(frozen=True, slots=True)
class Model:
    """What a server serves: request sizes in tokens, speed of one request in tokens per second, requests at peak."""

    name: str
    prompt_tokens: float
    cached_ratio: float
    answer_tokens: float
    tokens_per_second: float
    peak_requests: float
    full_requests: int  # at most so many run at once


@dataclass(frozen=True, slots=True)
class Work:
    """Kernels at a level of engine activity (0 to 1), for a pod without an engine page."""

    span: Span
    level: float


@dataclass(frozen=True, slots=True)
class Demand:
    """How a server is used: by day and week, and what is forced for the sake of the story."""

    nights: float = 0.12  # the share of the day's traffic that stays at night
    weekends: float = 0.4
    busy: tuple[Span, ...] = ()
    quiet: tuple[Span, ...] = ()
    overload: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod from binding until its object is gone; `holds` are indices of its node's slots.

    With a `model` it is a vLLM server driven by `demand`; without, it has no engine page and does `work`.
    """

    namespace: str
    name: str
    uid: str
    address: str
    node: str
    holds: tuple[int, ...]
    resource: str  # what it requests, in kube-state-metrics' spelling
    workload: str
    owner_kind: str  # Deployment, Job or StatefulSet
    owner_name: str  # the owner itself: for a Deployment its ReplicaSet
    team: str
    container: str
    cpus: float
    bound: float
    lives: tuple[Life, ...]
    finished: float = FOREVER  # phase Succeeded from here on
    removed: float = FOREVER
    model: Model | None = None
    demand: Demand = field(default_factory=Demand)
    work: tuple[Work, ...] = ()
    tensor_ratio: float = 0.45  # tensor activity per engine activity
    dram_ratio: float = 0.6
    memory_ratio: float = 0.9  # of its slot's memory, once loaded

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def held(self) -> Span:
        """It holds from binding until it finished or is gone."""
        return Span(self.bound, min(self.finished, self.removed))


def pod_uid(seed: int, key: str) -> str:
    return str(uuid.UUID(identity(seed, "pod", key)))

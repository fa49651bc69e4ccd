"""The objects of the API server, with the fields that are needed and no other: the rest is skipped while decoding."""

from __future__ import annotations

import sys
from datetime import datetime

import msgspec
from msgspec.structs import replace

Quantity = str | int | float


class _Object(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Fields are named as in the API, but in snake case."""


class Owner(_Object, frozen=True):
    """One of an object's owners; the controller is the one that made it."""

    kind: str
    name: str
    controller: bool = False


class Metadata(_Object, frozen=True):
    """What all objects have."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None  # of a pod it lies in the future; of a NodeClaim it is the request's
    labels: dict[str, str] | None = None
    owner_references: tuple[Owner, ...] | None = None

    @property
    def created(self) -> float | None:
        """Unix seconds."""
        return unix(self.creation_timestamp)

    @property
    def controller(self) -> Owner | None:
        return next((owner for owner in self.owner_references or () if owner.controller), None)

    def label(self, *keys: str) -> str:
        """The first of these labels that is set; "" where none is."""
        labels = self.labels or {}
        return next((labels[key] for key in keys if labels.get(key)), "")


class Bare(_Object, frozen=True):
    """An object of which only the metadata is wanted."""

    metadata: Metadata


class Condition(_Object, frozen=True):
    type: str
    status: str
    last_transition_time: datetime | None = None


Conditions = tuple[Condition, ...] | None


def only(conditions: Conditions, *kinds: str) -> Conditions:
    """These kinds of them; their words are shared with all others that are the same."""
    return tuple(
        replace(one, type=sys.intern(one.type), status=sys.intern(one.status))
        for one in conditions or ()
        if one.type in kinds
    )


def condition(conditions: Conditions, kind: str) -> Condition | None:
    return next((one for one in conditions or () if one.type == kind), None)


def since(conditions: Conditions, kind: str) -> float | None:
    """When this condition became true, unix seconds; None while it is not true."""
    found = condition(conditions, kind)
    return unix(found.last_transition_time) if found is not None and found.status == "True" else None


class Taint(_Object, frozen=True):
    key: str
    effect: str = ""


class Address(_Object, frozen=True):
    type: str
    address: str


class Image(_Object, frozen=True):
    names: tuple[str, ...] | None = None
    size_bytes: int = 0


class NodeSpec(_Object, frozen=True):
    provider_id: str = msgspec.field(default="", name="providerID")
    unschedulable: bool = False
    taints: tuple[Taint, ...] | None = None


class NodeStatus(_Object, frozen=True):
    capacity: dict[str, Quantity] | None = None
    allocatable: dict[str, Quantity] | None = None
    conditions: Conditions = None
    addresses: tuple[Address, ...] | None = None
    images: tuple[Image, ...] | None = None


class Node(_Object, frozen=True):
    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class ClaimStatus(_Object, frozen=True):
    node_name: str = ""
    provider_id: str = msgspec.field(default="", name="providerID")
    conditions: Conditions = None


class NodeClaim(_Object, frozen=True):
    metadata: Metadata
    status: ClaimStatus = ClaimStatus()


class ClassRef(_Object, frozen=True):
    kind: str = ""
    name: str = ""


class Disruption(_Object, frozen=True):
    consolidation_policy: str = ""
    consolidate_after: str = ""


class TemplateSpec(_Object, frozen=True):
    node_class_ref: ClassRef = ClassRef()


class Template(_Object, frozen=True):
    spec: TemplateSpec = TemplateSpec()


class PoolSpec(_Object, frozen=True):
    limits: dict[str, Quantity] | None = None
    disruption: Disruption = Disruption()
    template: Template = Template()


class NodePool(_Object, frozen=True):
    metadata: Metadata
    spec: PoolSpec = PoolSpec()


class Reservation(_Object, frozen=True):
    id: str
    instance_type: str = ""
    availability_zone: str = ""
    reservation_type: str = ""
    state: str = ""


class NodeClassStatus(_Object, frozen=True):
    capacity_reservations: tuple[Reservation, ...] | None = None


class EC2NodeClass(_Object, frozen=True):
    metadata: Metadata
    status: NodeClassStatus = NodeClassStatus()


class Demands(_Object, frozen=True):
    requests: dict[str, Quantity] | None = None


class Container(_Object, frozen=True):
    name: str
    image: str = ""
    resources: Demands = Demands()
    restart_policy: str = ""  # of an init container: Always makes it a sidecar


class PodSpec(_Object, frozen=True):
    node_name: str = ""
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] | None = None


class Waiting(_Object, frozen=True):
    reason: str = ""


class Ran(_Object, frozen=True):
    """A container that runs, or did."""

    started_at: datetime | None = None


class ContainerState(_Object, frozen=True):
    waiting: Waiting | None = None
    running: Ran | None = None
    terminated: Ran | None = None


class ContainerStatus(_Object, frozen=True):
    name: str
    image_id: str = msgspec.field(default="", name="imageID")
    restart_count: int = 0
    state: ContainerState = ContainerState()


class PodStatus(_Object, frozen=True):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    conditions: Conditions = None
    container_statuses: tuple[ContainerStatus, ...] | None = None


class Pod(_Object, frozen=True):
    metadata: Metadata
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Subject(_Object, frozen=True):
    uid: str = ""
    field_path: str = ""


class Event(_Object, frozen=True):
    metadata: Metadata
    involved_object: Subject = Subject()
    reason: str = ""
    message: str | None = None
    event_time: datetime | None = None
    last_timestamp: datetime | None = None


def unix(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()

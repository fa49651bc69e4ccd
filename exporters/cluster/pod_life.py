"""The life of a pod that holds accelerators: what it asks for, and the steps of its start."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from exporters.cluster.node_life import lean
from exporters.cluster.objects import Container, ContainerStatus, Image, Pod, only, since, unix
from exporters.cluster.pulled import Pulled
from exporters.cluster.resources import has_accelerators, is_accelerator, numbers

TEAM = ("team", "app.kubernetes.io/team", "owner/team", "owner-team")
GROUP_NAME = ("leaderworkerset.sigs.k8s.io/name", "ray.io/cluster")
GROUP_INDEX = ("leaderworkerset.sigs.k8s.io/group-index",)
ROLE = ("llm-d.ai/role",)
APP, APP_NAME = ("app",), ("app.kubernetes.io/name",)
APP_INSTANCE, APP_COMPONENT = ("app.kubernetes.io/instance",), ("app.kubernetes.io/component",)
_KEPT_LABELS = frozenset((*TEAM, *GROUP_NAME, *GROUP_INDEX, *ROLE, *APP, *APP_NAME, *APP_INSTANCE, *APP_COMPONENT))
_ENDED = frozenset({"Succeeded", "Failed"})


def keep_pod(pod: Pod) -> Pod | None:
    """None where it asks for no accelerator."""
    spec = pod.spec
    if not any(
        has_accelerators(one.resources.requests or {}) for one in (*spec.containers, *(spec.init_containers or ()))
    ):
        return None
    status = replace(pod.status, conditions=only(pod.status.conditions, "PodScheduled", "Ready"))
    return replace(pod, metadata=lean(pod.metadata, _KEPT_LABELS), status=status)


def has_ended(pod: Pod) -> bool:
    """Whether it has let go of what it held. That it is being deleted says nothing of that: it holds until it is gone,
    and its deletion time lies in the future."""
    return pod.status.phase in _ENDED


def ready_since(pod: Pod) -> float | None:
    return since(pod.status.conditions, "Ready")


def requests(pod: Pod) -> Iterator[tuple[str, str, float]]:
    """(container, resource, number). An init container's word counts where no other asks for that accelerator."""
    init = pod.spec.init_containers or ()
    lasting = [*pod.spec.containers, *(one for one in init if one.restart_policy == "Always")]
    asked = {resource for one in lasting for resource in one.resources.requests or {}}
    for container in lasting:
        for resource, number in numbers(container.resources.requests or {}):
            yield container.name, resource, number
    for container in init:
        if container not in lasting:
            yield from _only_of(container, asked)


def _only_of(container: Container, asked: Collection[str]) -> Iterator[tuple[str, str, float]]:
    own = {
        resource: count
        for resource, count in (container.resources.requests or {}).items()
        if is_accelerator(resource) and resource not in asked
    }
    for resource, number in numbers(own):
        yield container.name, resource, number


@dataclass(frozen=True, slots=True)
class PodStart:
    """Unix seconds of the steps; None: not yet, or nobody saw it."""

    scheduled: float | None
    image_pulled: float | None
    started: float | None
    ready: float | None


def start_of(pod: Pod, pulls: Mapping[str, Pulled], first_ready: float | None) -> PodStart:
    """`pulls` by container; `first_ready` as it was seen: the pod itself knows only when it became Ready last."""
    names = {container.name for container in pod.spec.containers}
    statuses = pod.status.container_statuses or ()
    started = [_first_start(status) for status in statuses]
    seen = [time for time in started if time is not None]
    is_all_started = len(seen) == len(names) and len(statuses) == len(names)
    return PodStart(
        scheduled=since(pod.status.conditions, "PodScheduled"),
        image_pulled=max(pulls[name].at for name in names) if names and names <= pulls.keys() else None,
        started=max(seen) if seen and is_all_started else None,
        ready=first_ready,
    )


def _first_start(status: ContainerStatus) -> float | None:
    """None where it has restarted: its first start is not known any more."""
    if status.restart_count:
        return None
    ran = status.state.running or status.state.terminated
    return unix(ran.started_at) if ran is not None else None


def image_sizes(pod: Pod, pulls: Mapping[str, Pulled], images: Iterable[Image]) -> Iterator[tuple[str, int]]:
    """(container, bytes): the event's word, else that of the node, which these are the images of."""
    on_node = {name: one.size_bytes for one in images for name in one.names or ()}
    ids = {status.name: status.image_id for status in pod.status.container_statuses or ()}
    for container in pod.spec.containers:
        pull = pulls.get(container.name)
        told = pull.size_bytes if pull is not None else None
        of_id, of_name = on_node.get(ids.get(container.name, "")), on_node.get(_full_name(container.image))
        if size := told or of_id or of_name or on_node.get(container.image):
            yield container.name, size


def _full_name(image: str) -> str:
    """As the container runtime writes it: with the registry and the tag that are meant where none is given."""
    first, slash, _ = image.partition("/")
    has_registry = bool(slash) and (set(first) & set(".:") or first == "localhost")
    path = image if has_registry else f"docker.io/{image}" if slash else f"docker.io/library/{image}"
    return path if set(path.rpartition("/")[2]) & set(":@") else f"{path}:latest"

"""What is told of a pod that holds accelerators, or waits for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporters.canonical import pods
from exporters.cluster import pod_life
from exporters.cluster.objects import Pod, condition
from exporters.cluster.pod_life import PodStart, start_of
from exporters.cluster.pulled import Pulled
from exporters.metric import Sample


@dataclass(frozen=True, slots=True)
class PodFacts:
    """`pulls` by container, `image_bytes` by container, `first_ready` in unix seconds."""

    pod: Pod
    pulls: Mapping[str, Pulled]
    image_bytes: Mapping[str, int]
    first_ready: float | None


def pod_samples(facts: PodFacts) -> Iterator[Sample]:
    """Their time is for the caller to set."""
    pod = facts.pod
    yield from _identity(pod)
    yield from _labels(pod)
    yield from _state(pod)
    if not pod_life.has_ended(pod):
        own = _incarnation(pod)
        for container, resource, number in pod_life.requests(pod):
            yield pods.requested.sample(
                number, 0, **own, container=container, node=pod.spec.node_name, resource=resource
            )
    yield from _containers(pod)
    yield from _start(facts)


def _name(pod: Pod) -> dict[str, str]:
    return {"namespace": pod.metadata.namespace, "pod": pod.metadata.name}


def _incarnation(pod: Pod) -> dict[str, str]:
    return {**_name(pod), "uid": pod.metadata.uid}


def _identity(pod: Pod) -> Iterator[Sample]:
    owner = pod.metadata.controller
    owned = {"owner_kind": owner.kind if owner else "", "owner_name": owner.name if owner else ""}
    place = {"node": pod.spec.node_name, "pod_ip": pod.status.pod_ip}
    yield pods.pod_info.sample(1, 0, **_incarnation(pod), **place, **owned)
    if owner is not None:
        yield pods.owner_info.sample(1, 0, **_name(pod), **owned)
    if (created := pod.metadata.created) is not None:
        yield pods.created_seconds.sample(created, 0, **_incarnation(pod))


def _labels(pod: Pod) -> Iterator[Sample]:
    """Nothing where none of these labels is set."""
    label = pod.metadata.label
    serving = {
        "team": label(*pod_life.TEAM),
        "group_name": label(*pod_life.GROUP_NAME),
        "group_index": label(*pod_life.GROUP_INDEX),
        "role": label(*pod_life.ROLE),
    }
    app = {
        "app": label(*pod_life.APP),
        "app_name": label(*pod_life.APP_NAME),
        "app_instance": label(*pod_life.APP_INSTANCE),
        "app_component": label(*pod_life.APP_COMPONENT),
    }
    if any(serving.values()):
        yield pods.labels_info.sample(1, 0, **_name(pod), **serving)
    if any(app.values()):
        yield pods.app_labels_info.sample(1, 0, **_name(pod), **app)


def _state(pod: Pod) -> Iterator[Sample]:
    if pod.status.phase:
        yield pods.phase.sample(1, 0, **_incarnation(pod), phase=pod.status.phase)
    if (ready := condition(pod.status.conditions, "Ready")) is not None:
        yield pods.ready.sample(ready.status == "True", 0, **_name(pod))


def _containers(pod: Pod) -> Iterator[Sample]:
    for container in pod.spec.containers:
        if container.image:
            yield pods.image_info.sample(1, 0, **_name(pod), container=container.name, image=container.image)
    for status in pod.status.container_statuses or ():
        yield pods.restarts_total.sample(status.restart_count, 0, **_name(pod), container=status.name)
        if status.state.waiting is not None:
            yield pods.waiting.sample(1, 0, **_name(pod), container=status.name, reason=status.state.waiting.reason)


def _start(facts: PodFacts) -> Iterator[Sample]:
    pod, created = facts.pod, facts.pod.metadata.created
    start = start_of(pod, facts.pulls, facts.first_ready)
    if start.scheduled is not None:
        yield pods.scheduled_seconds.sample(start.scheduled, 0, **_incarnation(pod))
    for step, at in _steps(start).items():
        if at is not None and created is not None and at >= created:
            yield pods.start_seconds.sample(at - created, 0, **_name(pod), step=step)
    for container, size in facts.image_bytes.items():
        yield pods.image_bytes.sample(size, 0, **_name(pod), container=container)
    for container, pull in facts.pulls.items():
        if pull.seconds is not None:
            yield pods.image_pull_seconds.sample(pull.seconds, 0, **_name(pod), container=container)


def _steps(start: PodStart) -> Mapping[str, float | None]:
    return {
        "scheduled": start.scheduled,
        "image_pulled": start.image_pulled,
        "started": start.started,
        "ready": start.ready,
    }

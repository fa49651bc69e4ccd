"""Pod, ReplicaSet and Event objects of the simulated fleet: what containers do, and the kubelet's word of each pull."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from exporters.simulation.kube_api.images import Image, image_of
from exporters.simulation.kube_api.kind import EVENTS, PODS, REPLICASETS
from exporters.simulation.kube_api.labels import resource_name
from exporters.simulation.kube_api.metadata import Json, managed, metadata, owner, stamp, uid
from exporters.simulation.kube_api.thing import Thing, thing
from exporters.simulation.steps import FOREVER, Span
from exporters.simulation.story import Life, Node, Pod

_EVENTS_LIVE_SECONDS = 3600.0
_UNPACKING_SECONDS = 2.0  # from the end of the pull to the start


def pod_thing(pod: Pod, node: Node, seed: int) -> Thing:
    edges = [edge for life in pod.lives for edge in (life.start, life.ready, life.end)]
    show = partial(pod_object, pod, node, seed)
    return thing(PODS, pod.key, Span(pod.bound, pod.removed), (*edges, pod.finished), show)


def replicaset_things(pods: Sequence[Pod], seed: int) -> Iterator[Thing]:
    """One outlives its pods; it is there from its first one on."""
    firsts: dict[str, Pod] = {}
    for pod in sorted(pods, key=lambda one: one.bound):
        if pod.owner_kind == "Deployment":
            firsts.setdefault(f"{pod.namespace}/{pod.owner_name}", pod)
    for name, pod in firsts.items():
        yield thing(REPLICASETS, name, Span(pod.bound, FOREVER), (), partial(replicaset_object, pod, seed))


def pulled_things(pods: Sequence[Pod], seed: int) -> Iterator[Thing]:
    """The kubelet says Pulled before each start of a container; only the first one on its node had to wait."""
    known: set[tuple[str, Image]] = set()
    for pod in sorted(pods, key=lambda one: one.lives[0].start):
        for number, life in enumerate(pod.lives):
            wait = 0.0 if (pod.node, image_of(pod)) in known else life.start - pod.bound - _UNPACKING_SECONDS
            known.add((pod.node, image_of(pod)))
            name = f"{pod.key}.{uid(seed, 'pulled', pod.key, str(number))[:16]}"
            at = life.start - 1
            show = partial(pulled_object, pod, seed, name.rpartition("/")[2], max(0.0, wait))
            yield thing(EVENTS, name, Span(at, at + _EVENTS_LIVE_SECONDS), (), show)


def pod_object(pod: Pod, node: Node, seed: int, at: float) -> Json:
    kind = "ReplicaSet" if pod.owner_kind == "Deployment" else pod.owner_kind
    api_version = "batch/v1" if kind == "Job" else "apps/v1"
    owner_uid = uid(seed, kind, pod.namespace, pod.owner_name)
    about = metadata(
        pod.name,
        pod.uid,
        pod.bound,
        namespace=pod.namespace,
        labels={"app.kubernetes.io/name": pod.workload, "team": pod.team},
        ownerReferences=[owner(api_version, kind, pod.owner_name, owner_uid)],
    )
    asked = {resource_name(pod.resource): str(len(pod.holds))} if pod.resource else {}
    container = {
        "name": pod.container,
        "image": image_of(pod).tag,
        "resources": {"limits": asked, "requests": {"cpu": f"{round(pod.cpus * 1000)}m", **asked}},
        "imagePullPolicy": "IfNotPresent",
    }
    spec = {
        "nodeName": pod.node,
        "containers": [container],
        "restartPolicy": "Never" if kind == "Job" else "Always",
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "schedulerName": "default-scheduler",
    }
    return managed({"metadata": about, "spec": spec, "status": _status(pod, node, at)}, "kubelet", at)


def replicaset_object(pod: Pod, seed: int, at: float) -> Json:
    made_by = owner("apps/v1", "Deployment", pod.workload, uid(seed, "Deployment", pod.namespace, pod.workload))
    own_uid = uid(seed, "ReplicaSet", pod.namespace, pod.owner_name)
    labels = {"app.kubernetes.io/name": pod.workload, "team": pod.team}
    about = metadata(
        pod.owner_name, own_uid, pod.bound, namespace=pod.namespace, labels=labels, ownerReferences=[made_by]
    )
    spec = {"replicas": 1, "selector": {"matchLabels": labels}}
    return managed({"metadata": about, "spec": spec, "status": {"replicas": 1}}, "kube-controller-manager", at)


def pulled_object(pod: Pod, seed: int, name: str, wait_seconds: float, at: float) -> Json:
    image = image_of(pod)
    took = f"{wait_seconds:g}s ({wait_seconds:g}s including waiting)"
    message = f'Successfully pulled image "{image.tag}" in {took}. Image size: {image.size_bytes} bytes.'
    if not wait_seconds:
        message = f'Container image "{image.tag}" already present on machine'
    return {
        "metadata": metadata(name, uid(seed, "event", name), at, namespace=pod.namespace),
        "involvedObject": {
            "kind": "Pod",
            "namespace": pod.namespace,
            "name": pod.name,
            "uid": pod.uid,
            "apiVersion": "v1",
            "fieldPath": f"spec.containers{{{pod.container}}}",
        },
        "reason": "Pulled",
        "message": message,
        "source": {"component": "kubelet", "host": pod.node},
        "firstTimestamp": stamp(at),
        "lastTimestamp": stamp(at),
        "count": 1,
        "type": "Normal",
    }


def _status(pod: Pod, node: Node, at: float) -> Json:
    ready, since = _ready(pod, at)
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(pod.bound)},
        {"type": "Initialized", "status": "True", "lastTransitionTime": stamp(pod.bound)},
        *(
            {"type": name, "status": str(ready), "lastTransitionTime": stamp(since)}
            for name in ("ContainersReady", "Ready")
        ),
    ]
    found = {
        "phase": _phase(pod, at),
        "conditions": conditions,
        "hostIP": node.address,
        "startTime": stamp(pod.bound),
        "containerStatuses": [_container(pod, ready, at)],
    }
    if at >= pod.lives[0].start:
        found |= {"podIP": pod.address, "podIPs": [{"ip": pod.address}]}
    return found


def _phase(pod: Pod, at: float) -> str:
    if at >= pod.finished:
        return "Succeeded"
    return "Running" if at >= pod.lives[0].start else "Pending"


def _ready(pod: Pod, at: float) -> tuple[bool, float]:
    """Whether it is Ready, and since when it is so."""
    spans = [span for life in pod.lives if (span := life.serving)]
    is_ready = at < pod.finished and any(span.holds(at) for span in spans)
    edges = [pod.bound, *(edge for span in spans for edge in (span.start, span.end)), pod.finished]
    return is_ready, max(edge for edge in edges if edge <= at)


def _container(pod: Pod, is_ready: bool, at: float) -> Json:
    begun = [life for life in pod.lives if life.start <= at]
    image = image_of(pod)
    return {
        "name": pod.container,
        "image": image.tag,
        "imageID": image.digest if begun else "",
        "restartCount": max(0, len(begun) - 1),
        "ready": is_ready,
        "started": bool(begun) and at < begun[-1].end,
        "lastState": _ended(begun[-2]) if len(begun) > 1 else {},
        "state": _state(pod, begun, at),
    }


def _state(pod: Pod, begun: Sequence[Life], at: float) -> Json:
    if not begun:
        return {"waiting": {"reason": "ContainerCreating"}}
    last = begun[-1]
    if at < min(last.end, pod.finished):
        return {"running": {"startedAt": stamp(last.start)}}
    if last.backs_off:
        return {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
    return _ended(last, exit_code=0 if at >= pod.finished else 137)


def _ended(life: Life, exit_code: int = 1) -> Json:
    times = {"startedAt": stamp(life.start), "finishedAt": stamp(life.end)}
    return {"terminated": {"exitCode": exit_code, "reason": "Error" if exit_code else "Completed", **times}}

"""Pods that hold accelerators: from when to when, what they ask for, and what their start took."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from exporters.canonical import pods
from exporters.cluster.firsts import PodFirsts
from exporters.cluster.kinds import PODS
from exporters.cluster.objects import Image, Pod
from exporters.cluster.pod_life import image_sizes, keep_pod, requests, start_of
from exporters.cluster.pod_samples import PodFacts, pod_samples
from exporters.cluster.pulled import Pulled
from exporters.cluster.resource import ChangeKind, Reader
from tests.exporters.cluster.conftest import History, Recording, pod

AT = 1795500000.0  # 2026-11-24T06:00:00Z, when these pods are made


def read(raw: dict[str, Any]) -> Pod:
    return msgspec.convert(raw, Pod)


def test_recorded_pods_hold_as_long_as_the_truth_says(history: History) -> None:
    for one in history.truth["pods"]:
        held = history.holds.get((one["namespace"], one["pod"]))
        if "holds_accelerator_seconds" not in one:
            assert held is None  # it was never bound
            continue
        assert held is not None
        seconds = (held[1] or 0.0) - held[0]
        # The end of a finished pod is the second in which its container ended; here it is when that was heard of.
        assert seconds == pytest.approx(one["holds_accelerator_seconds"], abs=1.5)


def test_the_recorded_cold_starts_are_those_of_the_truth(history: History) -> None:
    for one in history.truth["pods"]:
        steps = history.pod_starts.get((one["namespace"], one["pod"]), {})
        expected = {step: one[step] - one["created"] for step in ("scheduled", "started", "ready") if step in one}
        assert steps == expected


def test_a_pod_that_is_finished_asks_for_nothing_any_more(recording: Recording) -> None:
    """kube-state-metrics goes on to show its requests, with its node."""
    reader = Reader(PODS)
    ended = [change.kept for _, line in recording.lines("pods") if (change := reader.change(line)).kept is not None]
    ended = [one for one in ended if one is not None and one.status.phase in ("Succeeded", "Failed")]
    assert ended
    for one in ended:
        told = {sample.metric for sample in pod_samples(PodFacts(one, {}, {}, None))}
        assert pods.phase in told
        assert pods.requested not in told


def test_a_pod_that_is_being_deleted_holds_until_it_is_gone(recording: Recording) -> None:
    """Its deletion time lies in the future, and may move back."""
    reader = Reader(PODS)
    future = 0
    for at, line in recording.lines("pods"):
        change = reader.change(line)
        if change.kept is None or change.kind is not ChangeKind.MODIFIED:
            continue
        deletion = change.kept.metadata.deletion_timestamp
        if deletion is not None and deletion.timestamp() > at and change.kept.status.phase == "Running":
            future += 1
            assert pods.requested in {sample.metric for sample in pod_samples(PodFacts(change.kept, {}, {}, None))}
    assert future > 10


def test_pods_without_accelerators_are_not_kept(recording: Recording) -> None:
    """Among them those of the DaemonSet, which stay Running for a while after their node is gone."""
    reader = Reader(PODS)
    kept, left_out = set[str](), set[str]()
    for _, line in recording.lines("pods"):
        change = reader.change(line)
        name = json.loads(line)["object"]["metadata"].get("name", "")
        (left_out if change.kept is None else kept).add(name)
    assert len(kept) == 23
    assert any(name.startswith("dcgm-exporter") for name in left_out)
    assert kept.isdisjoint(left_out)


def test_owners_are_told(history: History) -> None:
    for one in history.truth["pods"]:
        owner = history.owners.get((one["namespace"], one["pod"]), ("", ""))
        assert "/".join(owner) == one.get("owner", "/")
    assert {kind for kind, _ in history.owners.values()} >= {"ReplicaSet", "Job"}


def container(name: str, restart_policy: str = "", **resources: str) -> dict[str, Any]:
    named = {key.replace("_", "/", 1).replace("nvidia/", "nvidia.com/"): value for key, value in resources.items()}
    return {"name": name, "resources": {"requests": named}, "restartPolicy": restart_policy}


def asked(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = ()) -> list[tuple[str, str, float]]:
    raw = {"metadata": {"name": "p"}, "spec": {"containers": list(containers), "initContainers": list(init)}}
    return list(requests(read(raw)))


def test_a_sidecar_asks_as_a_container_does_and_what_runs_before_only_where_no_other_asks() -> None:
    gpu = {"nvidia_gpu": "1"}
    assert asked(container("a", **gpu), init=(container("side", "Always", **gpu),)) == [
        ("a", "nvidia_com_gpu", 1),
        ("side", "nvidia_com_gpu", 1),
    ]
    assert asked(container("a", **gpu), init=(container("before", **gpu),)) == [("a", "nvidia_com_gpu", 1)]
    assert asked(container("a", cpu="1"), init=(container("before", **gpu),)) == [
        ("a", "cpu", 1),
        ("before", "nvidia_com_gpu", 1),
    ]


@pytest.mark.parametrize(
    "resource",
    [
        *("nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.10gb"),
        *("aws.amazon.com/neuron", "aws.amazon.com/neuroncore", "aws.amazon.com/neurondevice"),
    ],
)
def test_each_accelerator_is_one(resource: str) -> None:
    raw = pod("p")
    raw["spec"]["containers"][0]["resources"]["requests"] = {resource: "1"}
    assert keep_pod(read(raw)) is not None


@pytest.mark.parametrize("resource", ["vpc.amazonaws.com/efa", "hugepages-2Mi", "example.com/nvidia.com/gpu"])
def test_what_is_none_is_not(resource: str) -> None:
    raw = pod("p")
    raw["spec"]["containers"][0]["resources"]["requests"] = {resource: "1"}
    assert keep_pod(read(raw)) is None


RUNNING = {"name": "main", "restartCount": 0, "state": {"running": {"startedAt": "2026-11-24T06:17:00Z"}}}
PULL = Pulled("p", "main", "engine:1", AT + 960.0, 898.3, 9_876_543_210)


def test_fifteen_minutes_of_image_pull_are_seen_as_a_part_of_the_start() -> None:
    conditions = [
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-24T06:00:40Z"},
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T06:20:00Z"},
    ]
    found = read(pod("p", status={"phase": "Running", "conditions": conditions, "containerStatuses": [RUNNING]}))
    samples = list(pod_samples(PodFacts(found, {"main": PULL}, {"main": PULL.size_bytes or 0}, AT + 1200)))
    steps = {dict(one.labels)["step"]: one.value for one in samples if one.metric is pods.start_seconds}
    assert steps == {"scheduled": 40, "image_pulled": 960, "started": 1020, "ready": 1200}
    values = {one.metric: one.value for one in samples}
    assert (values[pods.image_pull_seconds], values[pods.image_bytes]) == (898.3, 9_876_543_210)


@pytest.mark.parametrize(
    ("image", "on_node"),
    [
        ("vllm/vllm-openai", "docker.io/vllm/vllm-openai:latest"),
        ("vllm/vllm-openai:v0.32", "docker.io/vllm/vllm-openai:v0.32"),
        ("redis", "docker.io/library/redis:latest"),
        ("localhost/engine:1", "localhost/engine:1"),
        ("registry:5000/engine", "registry:5000/engine:latest"),
        ("public.ecr.aws/a/b@sha256:1", "public.ecr.aws/a/b@sha256:1"),
        ("moved:1", "docker.io/library/moved@sha256:2"),  # by the id that the container's status has
    ],
)
def test_an_image_is_found_on_its_node_under_its_full_name(image: str, on_node: str) -> None:
    raw = pod("p", status={"containerStatuses": [{**RUNNING, "imageID": "docker.io/library/moved@sha256:2"}]})
    raw["spec"]["containers"][0]["image"] = image
    there = (Image(("other:1",), 1), Image((on_node,), 5))
    assert dict(image_sizes(read(raw), {}, there)) == {"main": 5}
    assert dict(image_sizes(read(raw), {"main": PULL}, there)) == {"main": PULL.size_bytes}
    assert dict(image_sizes(read(raw), {}, there[:1])) == {}


def test_why_a_container_waits_is_told() -> None:
    waiting = {"name": "main", "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    found = read(pod("p", status={"phase": "Pending", "containerStatuses": [waiting]}))
    samples = list(pod_samples(PodFacts(found, {}, {}, None)))
    assert [dict(one.labels)["reason"] for one in samples if one.metric is pods.waiting] == ["ImagePullBackOff"]
    assert not any(one.metric in (pods.start_seconds, pods.image_bytes) for one in samples)


def test_the_first_start_of_a_container_that_restarted_is_not_known() -> None:
    again = {**RUNNING, "restartCount": 2}
    found = read(pod("p", status={"containerStatuses": [again]}))
    assert start_of(found, {}, None).started is None


def ready(is_ready: bool, at: str = "2026-11-24T06:20:00Z") -> Pod:
    condition = {"type": "Ready", "status": "True" if is_ready else "False", "lastTransitionTime": at}
    return read(pod("p", status={"conditions": [condition]}))


def test_only_a_readiness_that_was_seen_to_come_is_the_first_one() -> None:
    seen, late = PodFirsts(), PodFirsts()
    seen.see(None, ready(False), AT, is_listed=True)
    seen.see(ready(False), ready(True), AT, is_listed=False)
    seen.see(ready(True), ready(False), AT, is_listed=False)
    seen.see(ready(False), ready(True, "2026-11-25T06:20:00Z"), AT, is_listed=False)  # a flap, a day later
    assert (seen.ready("p"), seen.on_node("n1")) == (AT + 1200, AT + 1200)
    late.see(None, ready(True), AT, is_listed=True)
    assert (late.ready("p"), late.on_node("n1")) == (None, None)
    seen.see(ready(True), None, AT, is_listed=False)
    seen.forget_nodes_but(set())
    assert (seen.ready("p"), seen.on_node("n1")) == (None, None)

"""Pods that hold accelerators without an engine page: which are told of, and the object that would change it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from analyzer.doctor.model import Diagnosis, Unscraped
from analyzer.doctor.monitors import ENGINES, Engine, engine_of, pod_monitor
from exporters.upstream import families
from tests.analyzer.conftest import Scene
from tests.analyzer.doctor.conftest import KUBE, PAGES, Diagnose, engine

VLLM = "registry.example/mirror/vllm/vllm-openai:v0.32.0"
[RAY, PLAIN] = [one for one in ENGINES if one.family == "vllm"]


def holder(image: str = VLLM, pods: int = 1, **labels: str) -> Scene:
    """Pods of a Deployment `chat` on a node each; no page of theirs is in the store."""
    scene = Scene()
    for number in range(pods):
        pod = f"chat-7d9f8b6c5-x{number:04}"
        own = {"namespace": "ml", "pod": pod}
        scene.node(f"n{number}", KUBE, "p5.4xlarge", 1).gpu(f"n{number}", 0, PAGES, 0.6)
        more = {"created_by_kind": "ReplicaSet", "created_by_name": "chat-7d9f8b6c5"}
        scene.pod(pod, f"n{number}", KUBE, 1.0, f"10.0.0.{number}", **more)
        if image:
            scene.add("kube_pod_container_info", KUBE, container="proxy", image="envoy:1", **own)
            scene.add("kube_pod_container_info", KUBE, container="main", image=image, **own)
        if labels:
            scene.add("kube_pod_labels", KUBE, **own, **labels, label_pod_template_hash=f"7d9f8b6c{number}")
    return scene


def only(diagnosis: Diagnosis) -> Unscraped:
    [line] = diagnosis.unscraped
    return line


def monitor(line: Unscraped) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(line.monitor)
    return read


def test_an_engine_without_a_target_gets_a_monitor_that_is_filled_in(diagnosed: Diagnose) -> None:
    scene = holder(pods=2, label_app="chat", label_app_kubernetes_io_name="vllm")
    line = only(diagnosed(scene, release="monitoring"))
    assert (line.namespace, line.workload, line.pods, line.engine) == ("ml", "chat", 2, "vLLM")
    assert line.reason == "no page in the store"
    assert line.dollars == pytest.approx(2 * 6.88, rel=1e-3)
    assert monitor(line) == {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "chat", "namespace": "ml", "labels": {"release": "monitoring"}},
        "spec": {
            "selector": {"matchLabels": {"app": "chat", "app.kubernetes.io/name": "vllm"}},
            "podMetricsEndpoints": [{"targetPort": 8000, "path": "/metrics", "interval": "15s"}],
        },
    }


def test_a_label_that_the_pods_do_not_share_selects_nothing(diagnosed: Diagnose) -> None:
    scene = holder(pods=2, label_app="chat")
    own = {"namespace": "ml", "pod": "chat-7d9f8b6c5-x0001", "label_app": "chat"}
    scene.points = [point for point in scene.points if dict(point[0].labels).get("label_app") != "chat"]
    scene.add("kube_pod_labels", KUBE, **own, label_app_kubernetes_io_instance="one")
    scene.add("kube_pod_labels", KUBE, **(own | {"pod": "chat-7d9f8b6c5-x0000"}))
    assert monitor(only(diagnosed(scene)))["spec"]["selector"] == {"matchLabels": {"app": "chat"}}


def test_without_labels_the_monitor_says_what_to_fill_in(diagnosed: Diagnose) -> None:
    line = only(diagnosed(holder()))
    assert "kubectl -n ml get pods --show-labels" in line.monitor
    assert monitor(line)["spec"]["selector"] == {"matchLabels": {"app": "REPLACE-ME"}}
    assert "labels" not in monitor(line)["metadata"]


@pytest.mark.parametrize(
    ("up", "labels", "reason"),
    [
        (1.0, {"instance": "10.0.0.0:8000"}, "a target answers there, without engine metrics"),
        (0.0, {"instance": "10.0.0.0:8000"}, "its target does not answer"),
        (0.0, {"instance": "x", "namespace": "ml", "pod": "chat-7d9f8b6c5-x0000"}, "its target does not answer"),
        (1.0, {"instance": "10.9.9.9:8000"}, "no target"),
        (1.0, {"instance": "10.0.0.0:9100", "namespace": "mon", "pod": "node-exporter-abcde"}, "no target"),
    ],
)
def test_it_is_said_why_there_is_no_page(diagnosed: Diagnose, up: float, labels: dict[str, str], reason: str) -> None:
    scene = holder().add("up", [(at, up) for at, _ in PAGES], job="engines", **labels)
    assert only(diagnosed(scene)).reason == reason


@pytest.mark.parametrize("image", ["", "registry.example/train:1"])
def test_a_holder_of_another_kind_is_told_of_without_a_monitor(diagnosed: Diagnose, image: str) -> None:
    line = only(diagnosed(holder(image)))
    assert (line.engine, line.monitor) == ("", "")
    assert line.dollars == pytest.approx(6.88, rel=1e-3)


def test_an_engine_with_a_page_is_not_told_of(healthy: Diagnosis) -> None:
    assert healthy.unscraped == []


@pytest.mark.parametrize(
    ("kind", "owners"),
    [
        ("StatefulSet", {"llama-0": "llama", "llama-0-1": "llama-0"}),
        ("RayCluster", {"llama-head": "llama", "llama-worker": "llama"}),
    ],
)
def test_workers_of_a_leader_with_a_page_are_not_told_of(
    diagnosed: Diagnose, kind: str, owners: dict[str, str]
) -> None:
    scene = Scene()
    for number, (pod, owner) in enumerate(owners.items()):
        scene.node(f"n{number}", KUBE, "p5.4xlarge", 1).gpu(f"n{number}", 0, PAGES, 0.6)
        more = {"created_by_kind": kind, "created_by_name": owner}
        scene.pod(pod, f"n{number}", KUBE, 1.0, f"10.0.0.{number}", **more)
        scene.add("kube_pod_container_info", KUBE, namespace="ml", pod=pod, container="main", image=VLLM)
    assert only(diagnosed(scene)).pods == 2
    assert diagnosed(engine(scene, PAGES, ip="10.0.0.0")).unscraped == []


def test_the_same_workload_of_two_clusters_is_two(diagnosed: Diagnose) -> None:
    scene, both = holder(label_app="chat"), Scene()
    for series, at, value in scene.points:
        for cluster in ("east", "west"):
            both.add(series.name, [(at, value)], **(dict(series.labels) | {"cluster": cluster}))
    diagnosis = diagnosed(both)
    assert sorted(line.place for line in diagnosis.unscraped) == ["east/ml/chat", "west/ml/chat"]
    assert len({step.do for step in diagnosis.next_steps}) == len(diagnosis.next_steps)


def test_dearest_first(diagnosed: Diagnose) -> None:
    scene = holder(pods=1).node("big", KUBE, "p5.48xlarge", 8).pod("train", "big", KUBE, 8.0, "10.0.9.9")
    assert [line.workload for line in diagnosed(scene).unscraped] == ["train", "chat"]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        (VLLM, "vLLM"),
        ("vllm/vllm-openai", "vLLM"),
        ("lmcache/vllm-openai:latest", "vLLM"),
        ("rayproject/ray-llm:2.60.0-py311-cu128", "vLLM in Ray"),
        ("lmsysorg/sglang:v0.5.23", "SGLang"),
        ("nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8", "NIM"),
        ("rayproject/ray:2.60.0", ""),
        ("nvcr.io/nvidia/pytorch:26.01-py3", ""),
        ("", ""),
    ],
)
def test_an_engine_is_known_by_its_image_where_gpuyield_reads_it(image: str, name: str) -> None:
    read = {one.name for one in ENGINES if one.family in families()}
    found = engine_of(image)
    assert (found.name if found else "") == (name if name in read else "")


# serving.md, section 2
def test_ports_and_paths_are_the_documented_ones() -> None:
    assert {(one.name, one.port, one.path) for one in ENGINES} == {
        ("vLLM", 8000, "/metrics"),
        ("vLLM in Ray", 8080, "/metrics"),
        ("SGLang", 30000, "/metrics"),
        ("NIM", 8000, "/v1/metrics"),
    }


def test_an_engine_that_needs_a_flag_for_its_page_says_so() -> None:
    text = pod_monitor("ml", "chat", {"app": "chat"}, Engine("SGLang", "sglang", "", 1, "/metrics", "--enable-metrics"))
    assert "# SGLang has a page only when it is started with --enable-metrics.\n" in text


HOSTILE = st.text(min_size=1) | st.sampled_from(
    [
        "a\nkind: Secret",
        "{{ .Values.x }}",
        '"',
        "'",
        "null",
        "yes",
        "1e3",
        "- a",
        "&a *a",
        "# b",
        "a: b",
        "%x",
        "\x1b[31m",
    ]
)


@given(namespace=HOSTILE, workload=HOSTILE, value=HOSTILE, release=HOSTILE, has_labels=st.booleans())
def test_values_of_labels_stay_data(namespace: str, workload: str, value: str, release: str, has_labels: bool) -> None:
    text = pod_monitor(namespace, workload, {"app": value} if has_labels else {}, PLAIN, release)
    read = yaml.safe_load(text)
    assert read["metadata"]["namespace"] == namespace
    assert read["metadata"]["labels"] == {"release": release}
    assert read["spec"]["selector"]["matchLabels"] == {"app": value if has_labels else "REPLACE-ME"}
    assert read.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert "\x1b" not in text


@given(st.text())
def test_the_name_of_the_object_is_legal(workload: str) -> None:
    name = yaml.safe_load(pod_monitor("ml", workload, {"app": "a"}, RAY))["metadata"]["name"]
    assert 0 < len(name) <= 63
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert name[0] != "-" != name[-1]

"""Pods that serve one copy of a model together: found by labels, or by who owns whom."""

from __future__ import annotations

from collections import defaultdict

import pytest

from analyzer.ledger.ledger import Ledger
from analyzer.report.build import build_report
from exporters.series import Series
from tests.analyzer.conftest import START, Ledgers, Scene, by, every, grown, rows_of

KUBE = every(START - 300, START + 600, 30)
PAGES = every(START - 300, START + 600, 15)
END = START + 300
# what kube-state-metrics tells of the pods of a LeaderWorkerSet `llama` with two groups of two
LWS_OWNERS = {"llama-0": "llama", "llama-0-1": "llama-0", "llama-1": "llama", "llama-1-1": "llama-1"}


def _pods(owners: dict[str, str], kind: str, running: dict[str, float]) -> Scene:
    """One pod on one node each, whose GPU is quiet; an engine page only where `running` has the pod."""
    scene = Scene()
    for number, (pod, owner) in enumerate(owners.items()):
        ip = f"10.0.0.{number}"
        scene.node(f"n{number}", KUBE, "p5.4xlarge", 1).gpu(f"n{number}", 0, PAGES, 0.0)
        scene.pod(pod, f"n{number}", KUBE, 1.0, ip, created_by_kind=kind, created_by_name=owner)
        if pod in running:
            engine = {"instance": f"{ip}:8000", "model_name": "m", "engine": "0"}
            scene.add("vllm:num_requests_running", [(t, running[pod]) for t, _ in PAGES], **engine)
            rising = [(t, running[pod] * (t - START + 300)) for t, _ in PAGES]
            scene.add("vllm:generation_tokens_total", rising, **engine)
    return scene


def _groups(ledger: Ledger) -> list[set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pod in ledger.pods.pods:
        found[pod.group].add(pod.key[2])
    return sorted(found.values(), key=sorted)


def _worked(ledger: Ledger) -> set[str]:
    return {row["pod"] for row in rows_of(ledger) if row["state"].startswith("active")}


def test_workers_of_a_leader_work_when_it_works(ledgers: Ledgers) -> None:
    ledger = ledgers(_pods(LWS_OWNERS, "StatefulSet", {"llama-0": 1.0, "llama-1": 0.0}), START, END)
    assert _groups(ledger) == [{"llama-0", "llama-0-1"}, {"llama-1", "llama-1-1"}]
    assert _worked(ledger) == {"llama-0", "llama-0-1"}
    assert by(ledger, "workload") == {"llama": 1200.0}


def test_tokens_once_per_group_dollars_over_all_its_pods(ledgers: Ledgers) -> None:
    ledger = ledgers(_pods(LWS_OWNERS, "StatefulSet", {"llama-0": 1.0, "llama-1": 0.0}), START, END)
    assert grown(ledger) == 300.0
    [model] = build_report(ledger, []).models
    assert model.dollars.held.value == pytest.approx(4 * 6.88 / 12)


def test_a_statefulset_with_a_pod_0_of_its_own_has_no_leader(ledgers: Ledgers) -> None:
    """`web` and `web-0` are two StatefulSets whose names happen to fit."""
    owners = {"web-0": "web", "web-0-0": "web-0", "web-0-1": "web-0"}
    ledger = ledgers(_pods(owners, "StatefulSet", {"web-0": 1.0}), START, END)
    assert _groups(ledger) == [{"web-0"}, {"web-0-0"}, {"web-0-1"}]


def test_a_leader_of_another_namespace_is_none(ledgers: Ledgers) -> None:
    scene = _pods({"llama-0": "llama"}, "StatefulSet", {"llama-0": 1.0}).node("m", KUBE, "p5.4xlarge", 1)
    owned = {"created_by_kind": "StatefulSet", "created_by_name": "llama-0"}
    scene.add("kube_pod_info", KUBE, namespace="other", pod="llama-0-1", uid="u", node="m", pod_ip="10.0.0.9", **owned)
    assert len(_groups(ledgers(scene, START, END))) == 2


def test_the_pods_of_a_raycluster_are_one_group(ledgers: Ledgers) -> None:
    owners = {"ray-head": "chat", "ray-worker-a": "chat", "ray-worker-b": "other"}
    ledger = ledgers(_pods(owners, "RayCluster", {"ray-head": 1.0}), START, END)
    assert _groups(ledger) == [{"ray-head", "ray-worker-a"}, {"ray-worker-b"}]
    assert _worked(ledger) == {"ray-head", "ray-worker-a"}


@pytest.mark.parametrize(
    ("kind", "owners", "labels"),
    [
        ("RayCluster", {"ray-head": "chat", "ray-worker-a": "chat"}, {"label_ray_io_cluster": "chat"}),
        (
            "StatefulSet",
            {"llama-0": "llama", "llama-0-1": "llama-0"},
            {"label_leaderworkerset_sigs_k8s_io_name": "llama", "label_leaderworkerset_sigs_k8s_io_group_index": "0"},
        ),
    ],
)
def test_labels_on_one_of_the_pods_do_not_split_a_group(
    ledgers: Ledgers, kind: str, owners: dict[str, str], labels: dict[str, str]
) -> None:
    first = next(iter(owners))
    scene = _pods(owners, kind, {first: 1.0})
    scene.add("kube_pod_labels", KUBE, namespace="ml", pod=first, **labels)
    ledger = ledgers(scene, START, END)
    assert _groups(ledger) == [set(owners)]
    assert _worked(ledger) == set(owners)


@pytest.mark.parametrize(
    ("path", "workload"),
    [
        ("/apis/apps/v1/namespaces/ml/replicasets/llama-70b-54df955f5", "llama-70b"),
        ("/apis/apps/v1/namespaces/ml/statefulsets/llama", "llama"),
        ("/apis/batch/v1/namespaces/ml/jobs/tune-1", "tune-1"),
        ("/apis/leaderworkerset.x-k8s.io/v1/namespaces/ml/leaderworkersets/big", "big"),
    ],
)
def test_what_karpenter_names_by_a_path_is_a_plain_workload(ledgers: Ledgers, path: str, workload: str) -> None:
    """Without kube-state-metrics: its label `owner` is the path of the object."""
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).gpu("n", 0, PAGES, 0.0, namespace="ml", pod="p")
    labels = {"name": "p", "namespace": "ml", "node": "n", "owner": path, "phase": "Running"}
    state = Series.of("karpenter_pods_state", labels.items())
    scene.points.extend((state, at, value) for at, value in KUBE)
    assert set(by(ledgers(scene, START, END), "workload")) == {workload}

"""Pages of kube-state-metrics and Karpenter at telling moments."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from exporters.simulation.cluster import KINDS
from exporters.simulation.fleet import Fleet

Samples = dict[str, list[tuple[dict[str, str], float]]]


def _page(fleet: Fleet, job: str, day: float, hour: float = 0) -> Samples:
    target = next(target for target in fleet.targets if target.name.startswith(job))
    since = fleet.start + day * 86400 + hour * 3600
    page = next(page for _, page in target.pages(since, since + 1800) if page)
    found: Samples = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _of(samples: Samples, name: str, **labels: str) -> list[float]:
    return [value for found, value in samples.get(name, []) if labels.items() <= found.items()]


def test_every_family_is_shown(fleet: Fleet) -> None:
    crash, drain = _page(fleet, "kube", 2, 12), _page(fleet, "kube", 4, 13.6)
    assert set(crash) | set(drain) == set(KINDS)


def test_a_crash_loop_waits_and_restarts(fleet: Fleet) -> None:
    samples = _page(fleet, "kube", 2, 12)
    waits = [labels["pod"] for labels, _ in samples["kube_pod_container_status_waiting_reason"]]
    assert any(pod.startswith("reranker") for pod in waits)
    pod = next(pod for pod in waits if pod.startswith("reranker"))
    assert _of(samples, "kube_pod_container_status_restarts_total", pod=pod)[0] > 100
    assert _of(samples, "kube_pod_status_ready", pod=pod) == [0]


def test_a_finished_job_keeps_its_requests(fleet: Fleet) -> None:
    samples = _page(fleet, "kube", 3, 12)
    (pod,) = {labels["pod"] for labels, _ in samples["kube_pod_info"] if labels["pod"].startswith("finetune")}
    assert _of(samples, "kube_pod_status_phase", pod=pod, phase="Succeeded") == [1]
    assert _of(samples, "kube_pod_container_resource_requests", pod=pod, resource="nvidia_com_gpu") == [8]


def test_a_starting_node_offers_nothing_yet(fleet: Fleet) -> None:
    samples = _page(fleet, "kube", 2, 9 + 10 / 3600)
    node = "ip-10-0-1-16.ec2.internal"
    assert _of(samples, "kube_node_status_condition", node=node, condition="Ready", status="true") == [0]
    assert _of(samples, "kube_node_status_allocatable", node=node, resource="nvidia_com_gpu") == []


def test_a_draining_node_is_cordoned_and_tainted(fleet: Fleet) -> None:
    samples = _page(fleet, "kube", 4, 13.6)
    node = "ip-10-0-1-16.ec2.internal"
    assert _of(samples, "kube_node_spec_unschedulable", node=node) == [1]
    assert _of(samples, "kube_node_spec_taint", node=node, key="karpenter.sh/disrupted") == [1]


def test_resources_of_shared_and_cut_and_lost_cards(fleet: Fleet) -> None:
    samples = _page(fleet, "kube", 2, 20)
    allocatable = "kube_node_status_allocatable"
    assert _of(samples, allocatable, node="ip-10-0-1-17.ec2.internal", resource="nvidia_com_gpu") == [4]
    assert _of(samples, allocatable, node="ip-10-0-1-18.ec2.internal", resource="nvidia_com_mig_2g_48gb") == [1]
    assert _of(samples, allocatable, node="ip-10-0-1-18.ec2.internal", resource="nvidia_com_gpu") == [0]
    assert _of(samples, allocatable, node="ip-10-0-1-15.ec2.internal", resource="nvidia_com_gpu") == [3]


def test_karpenter_counts_what_is_asked_for(fleet: Fleet) -> None:
    samples = _page(fleet, "karpenter", 3)
    asked = {"node_name": "ip-10-0-1-14.ec2.internal", "resource_type": "nvidia.com/gpu"}
    assert _of(samples, "karpenter_nodes_total_pod_requests", **asked) == [2]
    assert _of(samples, "karpenter_nodes_allocatable", **asked) == [4]
    assert _of(samples, "karpenter_nodes_allocatable", resource_type="nvidia.com/mig_2g.48gb") == [1]
    assert _of(samples, "karpenter_nodepools_usage", nodepool="gpu-spot", resource_type="nvidia.com/gpu") == [4]

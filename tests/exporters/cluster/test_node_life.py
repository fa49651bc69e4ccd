"""The phases and the start of nodes: the recorded cluster's, and those that it does not have."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exporters.canonical import nodes
from exporters.cluster.node_life import Phase, is_accelerated, keep_node, phase_of
from exporters.cluster.node_samples import NodeFacts, node_samples
from exporters.cluster.objects import Node
from tests.exporters.cluster.conftest import History, named

READY = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T06:00:00Z"}
NOT_READY = {**READY, "status": "False"}
SICK = {**READY, "type": "AcceleratedHardwareReady", "status": "False"}
PROMISED = {"nvidia.com/gpu.count": "8"}
NOTHING_YET = {"allocatable": {"cpu": "1"}}
DISRUPTED = {"taints": [{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]}
GPUS = {"nvidia.com/gpu": "8", "cpu": "192"}


def node(*conditions: dict[str, Any], labels: dict[str, str] | None = None, **parts: Any) -> Node:
    status = {"conditions": list(conditions), "capacity": GPUS, "allocatable": GPUS, **parts.pop("status", {})}
    raw = named("n", metadata={"labels": labels or {}, **parts.pop("metadata", {})}, status=status, **parts)
    return keep_node(msgspec.convert(raw, Node))


def test_recorded_nodes_go_from_starting_to_ready_to_draining(history: History) -> None:
    for one in history.truth["nodes"]:
        phases = history.phases[one["node"]]
        assert [phase for _, phase in phases][:2] == ["starting", "ready"]
        assert phases[0][0] == pytest.approx(one["node_created"], abs=1.5)
        assert phases[1][0] == pytest.approx(one["initialized_seen"], abs=0.5)
        assert phases[2][0] <= one["node_deletion_seen"] + 0.01


def test_the_recorded_node_whose_gpu_fails_is_unhealthy_until_it_is_gone(history: History) -> None:
    sick = [name for name, phases in history.phases.items() if phases[-1][1] == "unhealthy"]
    assert len(sick) == 1


def test_the_recorded_starts_are_split_as_the_truth_has_it(history: History) -> None:
    accelerated = [one for one in history.truth["nodes"] if one["accelerators"]]
    assert len(accelerated) == 15
    for one in accelerated:
        steps = history.node_starts[one["node"]]
        for step, field in (("launched", "launched"), ("registered", "registered"), ("initialized", "initialized")):
            assert steps[step] == one[field] - one["nodeclaim_created"]
        assert steps["created"] == one["node_created"] - one["nodeclaim_created"]
        assert steps["registered"] <= steps["devices"] <= steps["initialized"]
        ready = [each["ready"] for each in history.truth["pods"] if each.get("node") == one["node"] and "ready" in each]
        assert steps.get("first_pod") == (min(ready) - one["nodeclaim_created"] if ready else None)


def test_the_series_that_say_what_a_node_is_stay_the_same_all_its_life(history: History) -> None:
    """Karpenter's own change in the middle of it, by their label `phase`."""
    assert {len(shapes) for shapes in history.shapes.values()} == {1}
    assert len(history.shapes) == 19


@pytest.mark.parametrize(
    ("found", "was_up", "phase"),
    [
        (node(), False, Phase.STARTING),
        (node(NOT_READY), False, Phase.STARTING),
        (node(READY), False, Phase.READY),
        (
            node(READY, labels=PROMISED, status=NOTHING_YET),
            False,
            Phase.STARTING,
        ),
        (node(READY, labels=PROMISED, status=NOTHING_YET), True, Phase.READY),
        (node(READY, labels={"karpenter.sh/nodepool": "gpu"}), False, Phase.STARTING),
        (node(READY, labels={"karpenter.sh/nodepool": "gpu", "karpenter.sh/initialized": "true"}), False, Phase.READY),
        (node(NOT_READY, labels={"karpenter.sh/initialized": "true"}), False, Phase.UNHEALTHY),
        (node(NOT_READY), True, Phase.UNHEALTHY),
        (node(), True, Phase.UNHEALTHY),
        (node(NOT_READY, metadata={"creationTimestamp": "2026-11-24T05:59:50Z"}), False, Phase.STARTING),
        (node(NOT_READY, metadata={"creationTimestamp": "2026-11-20T06:00:00Z"}), False, Phase.UNHEALTHY),
        (node(READY, SICK), True, Phase.UNHEALTHY),
        (node(READY, spec={"unschedulable": True}), True, Phase.DRAINING),
        (
            node(READY, spec=DISRUPTED),
            True,
            Phase.DRAINING,
        ),
        (node(READY, metadata={"deletionTimestamp": "2026-11-24T06:00:00Z"}), True, Phase.DRAINING),
        (node(READY, spec={"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]}), True, Phase.READY),
    ],
)
def test_phases(found: Node, was_up: bool, phase: Phase) -> None:
    assert phase_of(found, was_up) is phase


def shape(labels: dict[str, str], **status: Any) -> dict[str, str]:
    found = node(READY, labels=labels, status=status)
    samples = list(node_samples(NodeFacts(found, None, True, None, None)))
    return dict(next(sample.labels for sample in samples if sample.metric is nodes.node_shape_info))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            {
                "node.kubernetes.io/instance-type": "p5.48xlarge",
                "karpenter.sh/capacity-type": "reserved",
                "karpenter.sh/nodepool": "gpu",
                "karpenter.k8s.aws/instance-gpu-count": "8",
                "karpenter.k8s.aws/instance-gpu-name": "h100",
                "karpenter.k8s.aws/capacity-reservation-id": "cr-1",
            },
            ("p5.48xlarge", "reserved", "gpu", "8", "h100", "cr-1"),
        ),
        (
            {
                "node.kubernetes.io/instance-type": "g6e.xlarge",
                "karpenter.sh/capacity-type": "spot",
                "karpenter.sh/nodepool": "auto",
                "eks.amazonaws.com/compute-type": "auto",
                "eks.amazonaws.com/instance-gpu-count": "1",
                "eks.amazonaws.com/instance-gpu-name": "l40s",
            },
            ("g6e.xlarge", "spot", "auto", "1", "l40s", ""),
        ),
        (
            {
                "node.kubernetes.io/instance-type": "g5.xlarge",
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": "ng-1",
            },
            ("g5.xlarge", "ON_DEMAND", "ng-1", "", "", ""),
        ),
        (
            {
                "node.kubernetes.io/instance-type": "trn1.32xlarge",
                "karpenter.k8s.aws/instance-accelerator-count": "16",
                "karpenter.k8s.aws/instance-accelerator-name": "trainium",
            },
            ("trn1.32xlarge", "", "", "16", "trainium", ""),
        ),
        ({"nvidia.com/gpu.count": "2", "nvidia.com/gpu.product": "L4"}, ("", "", "", "2", "L4", "")),  # hybrid
    ],
    ids=["karpenter", "auto-mode", "managed-group", "neuron", "hybrid"],
)
def test_each_kind_of_node_says_what_it_is(labels: dict[str, str], expected: tuple[str, ...]) -> None:
    found = shape(labels)
    keys = ("instance_type", "capacity_type", "nodepool", "accelerators", "accelerator_model", "reservation")
    assert tuple(found[key] for key in keys) == expected


@pytest.mark.parametrize(("labels", "compute_type"), [({"eks.amazonaws.com/compute-type": "auto"}, "auto"), ({}, "")])
def test_a_node_of_auto_mode_says_so(labels: dict[str, str], compute_type: str) -> None:
    assert shape(labels)["compute_type"] == compute_type


@pytest.mark.parametrize("instance_type", ["g6f.large", "gr6f.4xlarge"])
def test_an_instance_with_a_part_of_a_gpu_is_seen_although_it_promises_none(instance_type: str) -> None:
    plain = {"cpu": "2", "memory": "8Gi"}
    labels = {"node.kubernetes.io/instance-type": instance_type}
    found = node(READY, labels=labels, status={"capacity": plain, "allocatable": plain})
    assert is_accelerated(found)
    assert phase_of(found, was_up=False) is Phase.READY
    assert shape(labels, capacity=plain, allocatable=plain)["accelerators"] == ""


def test_a_node_without_accelerators_is_told_of_in_short() -> None:
    plain = {"cpu": "16", "memory": "64Gi"}
    labels = {"node.kubernetes.io/instance-type": "m7i.4xlarge"}
    found = node(READY, labels=labels, status={"capacity": plain, "allocatable": plain})
    told = {sample.metric.name for sample in node_samples(NodeFacts(found, None, True, None, None))}
    assert told == {"node_info", "node_shape_info", "node_ready", "node_phase"}


def test_a_device_plugin_that_is_away_leaves_a_zero_and_no_invention() -> None:
    found = node(READY, status={"allocatable": {"nvidia.com/gpu": "0", "cpu": "192"}})
    samples = list(node_samples(NodeFacts(found, None, True, None, None)))
    values = {dict(one.labels)["resource"]: one.value for one in samples if one.metric is nodes.allocatable}
    assert values == {"nvidia_com_gpu": 0, "cpu": 192}
    assert not any(one.metric is nodes.start_seconds for one in samples)

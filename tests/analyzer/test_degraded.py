"""Sources that are not there: what is known without them stays the same, the rest is unknown for a stated reason."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from analyzer.ledger.ledger import Ledger
from analyzer.report.build import build_report
from exporters.series import Series
from tests.analyzer.conftest import START, Ledgers, Scene, every, rows_of

KUBE = every(START - 300, START + 900, 30)
PAGES = every(START - 300, START + 900, 15)
END = START + 600
HALF = START + 300
ADDRESS = {"chat": "10.0.0.1", "train": "10.0.0.2", "quiet": "10.0.0.3"}


def _kube_state_metrics(scene: Scene) -> None:
    scene.node("a", KUBE, "g6e.12xlarge", 4).node("b", KUBE, "p5.4xlarge", 1)
    for pod, node, gpus in (("chat", "a", 2.0), ("train", "a", 1.0), ("quiet", "b", 1.0)):
        scene.pod(pod, node, KUBE, gpus, ADDRESS[pod])


def _dcgm(scene: Scene, has_names: bool = True) -> None:
    """`chat` works in the first half, `train` all the time, `quiet` never; one device is nobody's."""
    for node, index, pod in (("a", 0, "chat"), ("a", 1, "chat"), ("a", 2, "train"), ("a", 3, ""), ("b", 0, "quiet")):
        names = {"exported_namespace": "ml", "exported_pod": pod} if pod and has_names else {}
        active = {"chat": 0.6, "train": 0.3}.get(pod, 0.0)
        own = {"gpu": str(index), "UUID": f"GPU-{node}-{index}", "Hostname": node, "instance": f"{node}:9400", **names}
        told = [(t, 0.0 if pod == "chat" and t > HALF else active) for t, _ in PAGES]
        scene.add("DCGM_FI_DEV_FB_USED", PAGES, **own).add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", told, **own)


def _engines(scene: Scene) -> None:
    for pod in ("chat", "quiet"):
        running = [(t, float(pod == "chat" and t < HALF)) for t, _ in PAGES]
        own = {"namespace": "ml", "pod": pod, "instance": f"{ADDRESS[pod]}:8000", "model_name": pod, "engine": "0"}
        scene.add("vllm:num_requests_running", running, **own)


def _karpenter(scene: Scene) -> None:
    for node, instance_type in (("a", "g6e.12xlarge"), ("b", "p5.4xlarge")):
        own = {"node_name": node, "instance_type": instance_type, "capacity_type": "on-demand"}
        scene.add("karpenter_nodes_allocatable", KUBE, resource_type="cpu", **own)
    for pod, node in (("chat", "a"), ("train", "a"), ("quiet", "b")):
        own = {"name": pod, "namespace": "ml", "node": node, "phase": "Running"}
        series = Series.of("karpenter_pods_state", own.items())
        scene.points.extend((series, at, value) for at, value in KUBE)


SOURCES: dict[str, Callable[[Scene], None]] = {
    "kube-state-metrics": _kube_state_metrics,
    "dcgm": _dcgm,
    "engines": _engines,
    "karpenter": _karpenter,
}
MISSING = [frozenset(names) for count in (1, 2) for names in combinations(SOURCES, count)]


def _ledger(ledgers: Ledgers, missing: frozenset[str]) -> Ledger:
    scene = Scene()
    for name, add in SOURCES.items():
        if name not in missing:
            add(scene)
    return ledgers(scene, START, END)


def _seconds(ledger: Ledger) -> dict[tuple[str, str, str, str], float]:
    """By node, pod, state (all that worked as one) and missing signal."""
    found: dict[tuple[str, str, str, str], float] = {}
    for row in rows_of(ledger):
        state = "active" if row["state"].startswith("active-") else row["state"]
        key = (row["node"], row["pod"], state, row["missing_signal"])
        found[key] = found.get(key, 0.0) + row["seconds"]
    return {key: round(seconds, 6) for key, seconds in found.items()}


FULL = {
    ("a", "chat", "active", ""): 600.0,
    ("a", "chat", "held-idle", ""): 600.0,
    ("a", "train", "active", ""): 600.0,
    ("a", "", "free", ""): 600.0,
    ("b", "quiet", "held-idle", ""): 600.0,
}


def test_with_all_sources_all_is_known(ledgers: Ledgers) -> None:
    assert _seconds(_ledger(ledgers, frozenset())) == FULL


@pytest.mark.parametrize("missing", MISSING, ids=lambda names: " and ".join(sorted(names)))
def test_what_stays_known_stays_the_same(ledgers: Ledgers, missing: frozenset[str]) -> None:
    ledger = _ledger(ledgers, missing)
    found = _seconds(ledger)
    for key, seconds in found.items():
        if key[2] != "unknown":
            assert seconds <= FULL[key], key
    report = build_report(ledger, [])
    assert sum(line.accelerator_seconds for line in report.ledger) == pytest.approx(sum(found.values()))
    if missing != {"kube-state-metrics", "karpenter"}:
        assert report.bill.dollars.value == pytest.approx((10.49264 + 6.88) / 6, rel=1e-4)


WITHOUT = {
    frozenset({"karpenter"}): {},
    frozenset({"engines"}): {},
    frozenset({"kube-state-metrics"}): {},
    frozenset({"dcgm"}): {("a", "train", "unknown", "device"): 600.0},
    frozenset({"dcgm", "engines"}): {
        ("a", "chat", "unknown", "device"): 1200.0,
        ("a", "train", "unknown", "device"): 600.0,
        ("b", "quiet", "unknown", "device"): 600.0,
    },
    frozenset({"kube-state-metrics", "dcgm"}): {
        ("a", "", "unknown", "kubernetes"): 2400.0,
        ("b", "", "unknown", "kubernetes"): 600.0,
    },
}


@pytest.mark.parametrize("missing", WITHOUT, ids=lambda names: " and ".join(sorted(names)))
def test_what_is_unknown_says_which_signal_is_missing(ledgers: Ledgers, missing: frozenset[str]) -> None:
    found = _seconds(_ledger(ledgers, missing))
    assert {key: seconds for key, seconds in found.items() if key[2] == "unknown"} == WITHOUT[missing]


def test_without_devices_work_is_not_assessed(ledgers: Ledgers) -> None:
    ledger = _ledger(ledgers, frozenset({"dcgm"}))
    assert {row["state"] for row in rows_of(ledger) if row["pod"] == "chat"} == {"active-unassessed", "held-idle"}


def test_without_requests_and_without_pod_names_nobody_knows_who_holds(ledgers: Ledgers) -> None:
    """Devices alone: busy or idle, a device may be held, and free would be a guess."""
    scene = Scene()
    _dcgm(scene, has_names=False)
    assert {key[2:] for key in _seconds(ledgers(scene, START, END))} == {("unknown", "kubernetes")}


def test_without_pod_names_the_counts_say_the_same(ledgers: Ledgers) -> None:
    scene = Scene()
    for add in (_kube_state_metrics, _engines, lambda scene: _dcgm(scene, has_names=False)):
        add(scene)
    assert _seconds(ledgers(scene, START, END)) == FULL

"""A device exporter that names no pods: how many devices are held is known, which ones is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.ledger.states import ACTIVE_INEFFECTIVE
from tests.analyzer.conftest import START, Ledgers, Scene, by, every, rows_of

KUBE = every(START - 300, START + 600, 30)
PAGES = every(START - 300, START + 600, 15)
END = START + 300
EIGHT, FOUR = "p5.48xlarge", "g6e.12xlarge"
TARGET = {"namespace": "gpu-operator", "pod": "nvidia-dcgm-exporter-x", "container": "nvidia-dcgm-exporter"}


def _node(activity: list[float], instance_type: str = FOUR, **labels: str) -> Scene:
    scene = Scene().node("n", KUBE, instance_type, len(activity))
    for number, active in enumerate(activity):
        scene.gpu("n", number, PAGES, active, **labels)
    return scene


def _states(scene: Scene, ledgers: Ledgers) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for row in rows_of(ledgers(scene, START, END)):
        key = (row["pod"], row["state"])
        found[key] = found.get(key, 0.0) + row["seconds"]
    return {key: round(seconds, 6) for key, seconds in found.items()}


def test_four_of_eight_are_held_and_get_all_of_the_work(ledgers: Ledgers) -> None:
    """The busy ones may be any four: the holder worked at 0.6, and no device that it holds was idle."""
    scene = _node([0.0, 0.0, 0.0, 0.0, 0.6, 0.6, 0.6, 0.6], EIGHT).pod("p", "n", KUBE, 4.0, "10.0.0.1")
    assert _states(scene, ledgers) == {("p", "active-good"): 1200.0, ("", "free"): 1200.0}


def test_holders_by_count_share_the_activity_and_are_marked(ledgers: Ledgers) -> None:
    scene = _node([0.6, 0.0, 0.3, 0.0]).pod("a", "n", KUBE, 2.0, "10.0.0.1").pod("b", "n", KUBE, 1.0, "10.0.0.2")
    ledger = ledgers(scene, START, END)
    assert {(row["pod"], row["apportioned"]) for row in rows_of(ledger)} == {("a", True), ("b", True), ("", False)}
    used = 0.9 / 3 / 0.6  # the sum of activity over three held devices, against the target
    assert by(ledger, "state") == pytest.approx(
        {"active-good": 900 * used, ACTIVE_INEFFECTIVE: 900 * (1 - used), "free": 300.0}
    )


def test_an_idle_node_is_held_idle(ledgers: Ledgers) -> None:
    scene = _node([0.0] * 4).pod("a", "n", KUBE, 2.0, "10.0.0.1").pod("b", "n", KUBE, 2.0, "10.0.0.2")
    assert _states(scene, ledgers) == {("a", "held-idle"): 600.0, ("b", "held-idle"): 600.0}


def test_the_engines_page_still_outranks_the_mean(ledgers: Ledgers) -> None:
    scene = _node([0.6, 0.6, 0.0, 0.0]).pod("a", "n", KUBE, 2.0, "10.0.0.1").pod("b", "n", KUBE, 2.0, "10.0.0.2")
    scene.add("vllm:num_requests_running", every(START - 300, END, 15, 0.0), instance="10.0.0.1:8000", model_name="m")
    found = _states(scene, ledgers)
    assert found[("a", "held-idle")] == 600.0
    assert found[("b", "active-good")] == 300.0


@pytest.mark.parametrize("labels", [{}, TARGET])
def test_one_holder_of_all_devices_is_exact(ledgers: Ledgers, labels: dict[str, str]) -> None:
    """Each device keeps its own activity, and the exporter's own name on the page is no holder."""
    scene = _node([0.6, 0.6, 0.0, 0.0], **labels).pod("p", "n", KUBE, 4.0, "10.0.0.1")
    ledger = ledgers(scene, START, END)
    assert by(ledger, "state") == pytest.approx({"active-good": 600.0, "held-idle": 600.0})
    assert {row["apportioned"] for row in rows_of(ledger)} == {False}
    assert ledger.joins[1].by_way == {"all of the node": 4}


def test_the_exporters_own_name_holds_nothing(ledgers: Ledgers) -> None:
    scene = _node([0.3, 0.0, 0.0, 0.0], **TARGET).pod("p", "n", KUBE, 1.0, "10.0.0.1")
    own = {"namespace": TARGET["namespace"], "pod": TARGET["pod"], "uid": "u"}
    scene.add("kube_pod_info", KUBE, node="n", pod_ip="10.0.0.9", created_by_kind="DaemonSet", **own)
    assert set(by(ledgers(scene, START, END), "pod")) == {"p", ""}


def test_what_works_beyond_the_count_is_not_free(ledgers: Ledgers) -> None:
    scene = _node([0.6, 0.6, 0.0, 0.0]).pod("p", "n", KUBE, 1.0, "10.0.0.1")
    found = _states(scene, ledgers)
    assert found == {("p", "active-good"): 300.0, ("", "unknown"): 300.0, ("", "free"): 600.0}
    rows = rows_of(ledgers(scene, START, END))
    assert {row["missing_signal"] for row in rows if row["state"] == "unknown"} == {"pod labels"}


def test_a_device_that_fell_silent_is_not_counted_among_the_idle(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, FOUR, 4)
    for number in range(3):
        scene.gpu("n", number, PAGES, 0.6)
    scene.pod("a", "n", KUBE, 2.0, "10.0.0.1").pod("b", "n", KUBE, 2.0, "10.0.0.2")
    assert {state for (pod, state), _ in _states(scene, ledgers).items() if pod == "a"} == {"active-good"}


def test_labels_anywhere_on_the_node_end_the_guessing(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, FOUR, 4).pod("p", "n", KUBE, 2.0, "10.0.0.1")
    for number, active in enumerate([0.0, 0.0, 0.6, 0.6]):
        named = {"exported_namespace": "ml", "exported_pod": "p"} if active else {}
        scene.gpu("n", number, PAGES, active, **named)
    ledger = ledgers(scene, START, END)
    assert {row["apportioned"] for row in rows_of(ledger)} == {False}
    assert ledger.joins[1].by_way == {"exporter label": 2}


def test_the_next_pod_of_a_full_node_holds_what_the_last_one_left(ledgers: Ledgers) -> None:
    """The first pod's last sample speaks for 30 s more, beyond the time at which the second one was bound."""
    scene = _node([0.6] * 4).pod("first", "n", KUBE[:16], 4.0, "10.0.0.1")
    own = {"namespace": "ml", "pod": "second", "uid": "u2"}
    scene.add("kube_pod_info", KUBE[16:], node="n", pod_ip="10.0.0.2", **own)
    scene.add("kube_pod_status_scheduled_time", [(t, START + 155) for t, _ in KUBE[16:]], **own)
    asked = [(t, 4.0) for t, _ in KUBE[16:]]
    scene.add("kube_pod_container_resource_requests", asked, node="n", container="c", resource="nvidia_com_gpu", **own)
    assert by(ledgers(scene, START, END), "pod") == pytest.approx({"first": 4 * 155.0, "second": 4 * 145.0})


@settings(
    max_examples=3,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.sampled_from([0.0, 0.005, 0.3, 0.9]), min_size=4, max_size=4),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20), st.integers(21, 31)), min_size=1, max_size=3),
)
def test_any_holders_cover_the_node_and_the_order_of_devices_is_nothing(
    ledgers: Ledgers, activity: list[float], holders: list[tuple[int, int, int]]
) -> None:
    """Cover and sum are checked by the ledger itself; held states may not depend on which device was the busy one."""
    found = []
    for order in (activity, activity[::-1]):
        scene = _node(order)
        for number, (count, first, last) in enumerate(holders):
            times = KUBE[first:last]
            scene.pod(f"p{number}", "n", times, float(count), f"10.0.0.{number}")
        states = by(ledgers(scene, START, END), "state")
        assert math.fsum(states.values()) == pytest.approx(1200.0)
        found.append({state: round(seconds, 6) for state, seconds in states.items() if seconds > 1e-9})
    if not any(count == 4 for count, _, _ in holders):
        assert {s: t for s, t in found[0].items() if s not in ("free", "unknown")} == {
            s: t for s, t in found[1].items() if s not in ("free", "unknown")
        }

"""The worked example of the design: a p5.48xlarge for one hour, pod A killed under load at 10:20:07."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from analyzer.ledger.ledger import Ledger
from analyzer.ledger.options import Options
from analyzer.report.build import build_report
from analyzer.slo import parse_slo
from tests.analyzer.conftest import START, Ledgers, Scene, every, rows_of

TEN = START + 10 * 3600
END = TEN + 3600
NODE = "ip-10-0-0-1"


def _at(minutes: int, seconds: int) -> float:
    return TEN + minutes * 60 + seconds


KILLED, NOT_READY, BACK, READY = _at(20, 7), _at(20, 30), _at(22, 15), _at(22, 30)


def _scene() -> Scene:
    kube, pages = every(TEN - 600, END + 600, 30), every(TEN - 600, END + 600, 15)
    scene = Scene().node(NODE, kube, "p5.48xlarge", 8)
    for name, gpus, ip in (("a", 4.0, "10.0.1.1"), ("b", 2.0, "10.0.1.2")):
        scene.pod(name, NODE, kube, gpus, ip)
    ready = [(t, 0.0 if NOT_READY <= t < READY else 1.0) for t, _ in kube]
    scene.points = [
        point for point in scene.points if (point[0].name, ("pod", "a") in point[0].labels) != (_READY, True)
    ]
    scene.add(_READY, ready, namespace="ml", pod="a", uid="uid-a", condition="true")
    restarts = [(t, float(t >= NOT_READY)) for t, _ in kube]
    scene.add("kube_pod_container_status_restarts_total", restarts, namespace="ml", pod="a", uid="uid-a", container="m")
    for gpu in range(8):
        holder = "a" if gpu < 4 else "b" if gpu < 6 else ""
        own = {"gpu": str(gpu), "UUID": f"GPU-{gpu}", "modelName": "NVIDIA H100 80GB HBM3", "Hostname": NODE}
        own |= {"exported_namespace": "ml", "exported_pod": holder} if holder else {}
        busy = [(t, _activity(holder, t)) for t, _ in pages]
        scene.add("DCGM_FI_DEV_FB_USED", [(t, 70_000.0) for t, _ in pages], **own)
        scene.add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", [(t, v * 0.6 if holder == "a" else 0.0) for t, v in busy], **own)
        scene.add("DCGM_FI_PROF_GR_ENGINE_ACTIVE", busy, **own)
    _engine(scene, "a", [t for t, _ in pages if not KILLED < t < BACK], [t for t, _ in pages if KILLED < t < BACK])
    _engine(scene, "b", [t for t, _ in pages], [])
    return scene


_READY = "kube_pod_status_ready"


def _activity(holder: str, t: float) -> float:
    """Pod A's cards work but for the restart; B's engine polls."""
    if holder == "a":
        return 0.0 if _at(20, 15) < t <= READY else 1.0
    return 0.02 if holder == "b" else 0.0


def _engine(scene: Scene, pod: str, pages: list[float], failed: list[float]) -> None:
    own = {"namespace": "ml", "pod": pod, "instance": f"10.0.1.{'ab'.index(pod) + 1}:8000"}
    engine = {**own, "model_name": pod, "engine": "0"}
    steps = {t: (t - (TEN - 600)) / 15 if t < KILLED else (t - BACK) / 15 + 1 for t in pages}
    works = pod == "a"
    scene.add("up", [*((t, 1.0) for t in pages), *((t, 0.0) for t in failed)], **own, job="vllm")
    born = [(t, TEN - 90_000 if t < KILLED or not works else _at(20, 40)) for t in pages]
    scene.add("process_start_time_seconds", born, **own)
    scene.add("vllm:num_requests_running", [(t, 4.0 * works) for t in pages], **engine)
    scene.add("vllm:generation_tokens_total", [(t, 1200.0 * works * steps[t]) for t in pages], **engine)
    for name, limit, inside in (
        ("time_to_first_token", "0.5", 96.0),
        ("request_time_per_output_token", "0.05", 93.0),
    ):
        for le, each in ((limit, inside), ("+Inf", 100.0)):
            values = [(t, each * works * steps[t]) for t in pages]
            scene.add(f"vllm:{name}_seconds_bucket", values, **engine, le=le)


@pytest.fixture(scope="module")
def ledger(ledgers: Ledgers) -> Ledger:
    return ledgers(_scene(), TEN, END, Options(slo=parse_slo(["ttft=0.5", "tpot=0.05"])))


def _spans(ledger: Ledger, pod: str) -> list[tuple[str, str, str]]:
    """(state, from, to) of the pod's first unit, spells of one state put together."""
    found: list[tuple[str, str, str]] = []
    rows = ledger.inputs.db.execute(
        "SELECT state, start_t, end_t FROM segment JOIN pod USING (pod) WHERE name = $1"
        " AND unit = (SELECT min(unit) FROM segment JOIN pod USING (pod) WHERE name = $1) ORDER BY start_t",
        [pod],
    ).fetchall()
    for state, start, end in rows:
        first, last = (datetime.fromtimestamp(t / 1e6, UTC).strftime("%H:%M:%S") for t in (start, end))
        if found and found[-1][0] == state:
            first = found.pop()[1]
        found.append((state, first, last))
    return found


def test_states_of_the_killed_pod(ledger: Ledger) -> None:
    spans = _spans(ledger, "a")
    assert spans[0] == ("active", "10:00:00", "10:20:15")
    assert ("held-starting", "10:20:30", "10:22:30") in spans
    assert all(state != "active" for state, start, _ in spans if "10:20:15" <= start < "10:22:30")
    assert spans[-1] == ("active", "10:22:30", "11:00:00")


def test_an_engine_that_only_polls_is_idle(ledger: Ledger) -> None:
    assert _spans(ledger, "b") == [("held-idle", "10:00:00", "11:00:00")]


def test_tokens_of_the_restart(ledger: Ledger) -> None:
    at = int(BACK * 1e6)
    found = ledger.inputs.db.execute(f"SELECT cell, amount FROM generation_grown WHERE t = {at} AND amount > 0")
    assert found.fetchall() == [(int(_at(20, 0) * 1e6), 1200.0)]


def test_at_most_one_interval_of_work_is_hidden(ledger: Ledger) -> None:
    hidden = ledger.inputs.db.execute(
        "SELECT hidden_seconds, most FROM generation_hidden JOIN pod USING (pod) WHERE name = 'a'"
    ).fetchall()
    assert len(hidden) == 1
    assert 7 <= hidden[0][0] <= 15
    assert hidden[0][1] == pytest.approx(hidden[0][0] * 80)


def test_dollars(ledger: Ledger) -> None:
    held: dict[str, float] = defaultdict(float)
    for row in rows_of(ledger):
        held[row["pod"]] += row["dollars"]
    assert dict(held) == pytest.approx({"a": 27.52, "b": 13.76, "": 13.76})


def test_good_wasted_unproven(ledger: Ledger) -> None:
    seconds: dict[str, float] = defaultdict(float)
    for row in rows_of(ledger):
        if row["pod"] == "a" and row["state"].startswith("active"):
            seconds[row["state"]] += row["seconds"]
    whole = sum(seconds.values())
    shares = {state: amount / whole for state, amount in seconds.items() if amount > 1e-6}
    expected = {"active-good": 0.89, "active-wasted-output": 0.07, "active-unproven": 0.04}
    assert shares == pytest.approx(expected, abs=0.001)


def test_free_devices_are_loaded_onto_holders_by_held_seconds(ledger: Ledger) -> None:
    dollars = [one.dollars for one in build_report(ledger, []).models]
    first = max(dollars, key=lambda one: one.held.value or 0)
    assert first.held.value == pytest.approx(27.52, abs=0.005)
    assert first.loaded.value == pytest.approx(36.69, abs=0.005)

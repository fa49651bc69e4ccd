"""One hour of a small fleet with every kind of cost that the ledger is looked at more closely for."""

from __future__ import annotations

import pytest

from analyzer.accounts.cold_starts import node_starts, pod_starts
from analyzer.accounts.energy import energy_by_model
from analyzer.accounts.failed_nodes import failed_nodes
from analyzer.accounts.jobs import jobs
from analyzer.accounts.unused_hosts import unused_hosts
from analyzer.ledger.ledger import Ledger
from analyzer.report.account_text import account_lines
from analyzer.report.build import build_report
from tests.analyzer.conftest import START, Scene
from tests.analyzer.served_scene import HOUR, KUBE, PAGES, counter, hour_of, serve, serving_node

_DOLLARS = 10.0  # per node and hour
_GIB = 2.0**30


def _starting(scene: Scene) -> None:
    """A pod holds a whole node of eight from the start of the hour and is Ready ten minutes later: 100 s of pull, 20 s
    of container start, 480 s of load."""
    engine = serving_node(scene, 0, "p5.48xlarge", 8, "m")
    serve(scene, engine, 0.0, running=0.0)
    _ready(scene, "llm-0", [(at, float(at >= START + 600)) for at, _ in KUBE])
    for step, seconds in (("scheduled", 5.0), ("image_pulled", 105.0), ("started", 125.0), ("ready", 605.0)):
        points = [(at, seconds) for at, _ in KUBE]
        scene.add("gpuyield_pod_start_seconds", points, namespace="ml", pod="llm-0", step=step)


def _ready(scene: Scene, pod: str, points: list[tuple[float, float]]) -> None:
    """Puts this readiness, and a binding at START, in place of that of a pod that was always there."""
    mine = ("pod", pod)
    scene.points = [
        point
        for point in scene.points
        if mine not in point[0].labels
        or (point[0].name not in ("kube_pod_status_ready", "kube_pod_status_scheduled_time") and point[1] >= START)
    ]
    own = {"namespace": "ml", "pod": pod, "uid": f"uid-{pod}"}
    points = [point for point in points if point[0] >= START]
    scene.add("kube_pod_status_ready", points, condition="true", **own)
    scene.add("kube_pod_status_scheduled_time", [(at, START) for at, _ in points], **own)


def _training(scene: Scene) -> None:
    """A job of one pod on two cards that work at 0.5 and 0.3 all the time."""
    scene.node("n1", KUBE, "g6.12xlarge", 4).pod("train-0", "n1", KUBE, 2.0, "10.0.1.1")
    scene.add("kube_pod_owner", KUBE, namespace="ml", pod="train-0", owner_kind="Job", owner_name="train")
    for index, active in ((0, 0.5), (1, 0.3)):
        scene.gpu("n1", index, PAGES, active, exported_namespace="ml", exported_pod="train-0")


def _failing(scene: Scene) -> None:
    """A node that is not Ready for its last half hour, with nobody on it."""
    scene.node("n2", KUBE, "g6.xlarge", 1)
    ready = [(at, float(at < START + HOUR / 2)) for at, _ in KUBE]
    scene.points = [
        point
        for point in scene.points
        if point[0].name != "kube_node_status_condition" or ("node", "n2") not in point[0].labels
    ]
    scene.add("kube_node_status_condition", ready, node="n2", condition="Ready", status="true")


def _serving(scene: Scene) -> None:
    """A model on one card of its own that draws 300 W and makes 100 tokens a second; its pod asks for a quarter of the
    node's CPU and half of its memory."""
    serve(scene, serving_node(scene, 3, "g6e.xlarge", 1, "small", "NVIDIA L40S"), 100.0)
    joules = [(at, 1000 * value) for at, value in counter(300.0)]  # told in millijoules
    scene.add("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", joules, gpu="0", UUID="GPU-n3-0", Hostname="n3")
    for resource, offered, asked in (("cpu", 4.0, 1.0), ("memory", 32 * _GIB, 16 * _GIB)):
        for table in ("capacity", "allocatable"):
            scene.add(f"kube_node_status_{table}", [(at, offered) for at, _ in KUBE], node="n3", resource=resource)
        own = {"namespace": "ml", "pod": "llm-3", "uid": "uid-llm-3", "node": "n3", "container": "main"}
        points = [(at, asked) for at, _ in KUBE]
        scene.add("kube_pod_container_resource_requests", points, **own, resource=resource)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    scene = Scene()
    for part in (_starting, _training, _failing, _serving):
        part(scene)
    return hour_of(scene, tmp_path_factory.mktemp("accounts"), _DOLLARS)


def test_a_start_costs_what_was_held_until_ready_and_is_split_by_its_steps(ledger: Ledger) -> None:
    found = pod_starts(ledger)
    assert found.starts == 1
    assert found.seconds == pytest.approx(600, abs=31)
    assert found.dollars == pytest.approx(_DOLLARS * found.seconds / 3600)
    assert [step.name for step in found.steps] == ["image pull", "container start", "load and warm-up"]
    assert [step.seconds for step in found.steps] == [100, 20, 480]
    assert found.dollars is not None
    assert [step.dollars for step in found.steps] == pytest.approx(
        [found.dollars * part / 600 for part in (100, 20, 480)]
    )


def test_no_node_started(ledger: Ledger) -> None:
    found = node_starts(ledger)
    assert (found.starts, found.dollars, found.steps) == (0, None, ())


def test_a_node_out_of_order_is_named_with_its_dollars(ledger: Ledger) -> None:
    (node,) = failed_nodes(ledger)
    assert (node.node, node.instance_type, node.devices, node.holders) == ("n2", "g6.xlarge", 1, ())
    assert node.accelerator_seconds == pytest.approx(HOUR / 2, abs=31)
    assert node.dollars == pytest.approx(_DOLLARS / 2, abs=0.1)


def test_a_job_tells_its_hours_its_use_and_how_far_its_ranks_lie_apart(ledger: Ledger) -> None:
    (job,) = jobs(ledger)
    assert (job.workload, job.ranks) == ("train", 2)
    assert job.accelerator_seconds == pytest.approx(2 * HOUR)
    assert job.dollars == pytest.approx(_DOLLARS * 2 / 4)
    assert job.effective == pytest.approx(0.4)
    assert job.spread == pytest.approx(0.2 / 0.4)
    assert job.lowest_rank == "train-0 GPU-n1-1"


def test_energy_goes_to_the_model_that_holds_the_card(ledger: Ledger) -> None:
    found = energy_by_model(ledger)
    assert found.keys() == {("ml", "small")}
    assert found[("ml", "small")].joules == pytest.approx(300 * HOUR, rel=0.01)
    assert found[("ml", "small")].coverage == pytest.approx(1, abs=0.01)


def test_hosts_that_nobody_asked_for_have_a_share_of_the_price(ledger: Ledger) -> None:
    (host,) = unused_hosts(ledger)  # the other nodes do not tell their CPU and memory
    assert (host.instance_type, host.nodes, host.cpu, host.memory) == ("g6e.xlarge", 1, 0.75, 0.5)
    assert host.dollars == pytest.approx(_DOLLARS * (0.9 * 3 + 0.1 * 16) / (9 + 0.9 * 4 + 0.1 * 32))


def test_the_report_says_all_of_it_in_a_few_lines(ledger: Ledger) -> None:
    report = build_report(ledger, [])
    small = next(model for model in report.models if model.model == "small")
    assert small.joules_per_token.value == pytest.approx(3, rel=0.01)
    lines = account_lines(report)
    assert [line.split(":")[0] for line in lines] == ["Starts of pods", "Failed nodes", "Unused hosts", "Job ml/train"]
    assert "image pull 1.67 min" in lines[0]
    assert lines[3].endswith("effective 40 %, 2 ranks 50 % apart (lowest train-0 GPU-n1-1)")

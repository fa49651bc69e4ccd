"""How devices, engine pages and pods find each other, and what is said when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.ledger.joins import Join, blind_dollars, join_warnings
from analyzer.ledger.ledger import Ledger
from analyzer.stores.frame import Question
from analyzer.window import Window
from exporters.canonical import serving
from tests.analyzer.conftest import START, Ledgers, Scene, by, every, rows_of

KUBE = every(START - 300, START + 600, 30)
PAGES = every(START - 300, START + 600, 15)
END = START + 300
OLD_NAME = "dcgm-exporter-7x2vk"  # what old exporters put where the node's name belongs


def _join(ledger: Ledger, subject: str) -> Join:
    [join] = [one for one in ledger.joins if one.subject == subject]
    assert sum(join.by_way.values()) + join.unmatched == join.total
    return join


def _scene(**node: str) -> Scene:
    return Scene().node("n", KUBE, "p5.4xlarge", 1, **node).pod("p", "n", KUBE, 1.0, "10.0.0.1")


def _exporter(scene: Scene, ip: str, **more: str) -> Scene:
    own = {"namespace": "gpu", "pod": OLD_NAME, "uid": "u-exporter", "node": "n", "pod_ip": ip}
    return scene.add("kube_pod_info", KUBE, created_by_kind="DaemonSet", **(own | more))


@pytest.mark.parametrize(
    ("way", "labels"),
    [
        ("node label", {"Hostname": "n"}),
        ("node label", {"Hostname": OLD_NAME, "kubernetes_node": "n"}),
        ("exporter pod", {"Hostname": OLD_NAME, "namespace": "gpu", "pod": OLD_NAME}),
        ("scraped address", {"Hostname": OLD_NAME, "instance": "10.0.9.9:9400"}),
    ],
)
def test_a_device_finds_its_node(ledgers: Ledgers, way: str, labels: dict[str, str]) -> None:
    scene = _exporter(_scene(), "10.0.9.9").gpu("n", 0, PAGES, 0.6, **labels)
    ledger = ledgers(scene, START, END)
    assert _join(ledger, "device to node").by_way == {way: 1}
    assert by(ledger, "node") == {"n": 300.0}
    assert by(ledger, "state") == pytest.approx({"active-good": 300.0})


def test_a_device_finds_its_node_by_the_nodes_own_address(ledgers: Ledgers) -> None:
    scene = Scene().pod("p", "n", KUBE, 1.0, "10.0.0.1").node("n", KUBE, "p5.4xlarge", 1, internal_ip="10.1.1.1")
    ledger = ledgers(scene.gpu("n", 0, PAGES, 0.6, Hostname="", instance="10.1.1.1:9400"), START, END)
    assert _join(ledger, "device to node").by_way == {"scraped address": 1}


def test_an_address_that_moved_between_nodes_says_nothing(ledgers: Ledgers) -> None:
    scene = _scene()
    for number, node in enumerate(("n", "elsewhere")):
        own = {"namespace": "ml", "pod": f"job-{number}", "uid": f"u{number}", "pod_ip": "10.0.9.9"}
        scene.add("kube_pod_info", KUBE, node=node, **own)
    ledger = ledgers(scene.gpu("n", 0, PAGES, 0.6, Hostname=OLD_NAME, instance="10.0.9.9:9400"), START, END)
    assert _join(ledger, "device to node").unmatched == 1


def test_devices_without_a_node_are_said_with_the_dollars_of_nodes_without_devices(ledgers: Ledgers) -> None:
    scene = _scene().gpu("n", 0, PAGES, 0.6, Hostname="who-knows")
    ledger = ledgers(scene, START, END)
    join = _join(ledger, "device to node")
    assert join.matched_ratio == 0.0
    assert blind_dollars(ledger, join) == pytest.approx(6.88 / 12)
    [said] = join_warnings(ledger)
    assert said.startswith("1 of 1 device series name no node that anything else tells of: $0.57 ")


@pytest.mark.parametrize(
    ("way", "labels"),
    [
        ("pod label", {"namespace": "ml", "pod": "p", "instance": "somewhere:8000"}),
        ("pod label", {"exported_namespace": "ml", "exported_pod": "p", "namespace": "mon", "pod": "proxy"}),
        ("scraped address", {"instance": "10.0.0.1:8000"}),
        ("scraped address", {"namespace": "ml", "pod": "unheard-of", "instance": "10.0.0.1:8000"}),
    ],
)
def test_a_page_finds_its_pod(ledgers: Ledgers, way: str, labels: dict[str, str]) -> None:
    scene = _scene().add("vllm:num_requests_running", PAGES, model_name="m", engine="0", **labels)
    ledger = ledgers(scene, START, END)
    assert _join(ledger, "engine to pod").by_way == {way: 1}
    assert {(row["pod"], row["model"], row["state"]) for row in rows_of(ledger)} == {("p", "m", "active-unassessed")}


def test_a_page_at_an_address_of_several_pods_belongs_to_the_one_with_accelerators(ledgers: Ledgers) -> None:
    scene = _scene()
    for name in ("a-proxy", "z-proxy"):
        scene.add("kube_pod_info", KUBE, namespace="kube-system", pod=name, uid=name, node="n", pod_ip="10.0.0.1")
    scene.add("vllm:num_requests_running", PAGES, model_name="m", engine="0", instance="10.0.0.1:8000")
    assert {row["state"] for row in rows_of(ledgers(scene, START, END))} == {"active-unassessed"}


def test_an_address_in_brackets_is_the_pods(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).pod("p", "n", KUBE, 1.0, "fd00::1")
    scene.add("vllm:num_requests_running", PAGES, model_name="m", engine="0", instance="[fd00::1]:8000")
    assert _join(ledgers(scene, START, END), "engine to pod").by_way == {"scraped address": 1}


def test_pages_without_a_pod_are_said_with_the_dollars_of_holders_without_a_page(ledgers: Ledgers) -> None:
    scene = _scene().add("vllm:num_requests_running", PAGES, model_name="m", engine="0", instance="lost:8000")
    ledger = ledgers(scene, START, END)
    assert blind_dollars(ledger, _join(ledger, "engine to pod")) == pytest.approx(6.88 / 12)
    assert join_warnings(ledger) == ["1 of 1 engine pages belong to no known pod: $0.57 held by pods without a page"]


def test_devices_that_name_no_pod_are_said_with_the_dollars_held_by_count(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "g6e.12xlarge", 4).pod("p", "n", KUBE, 2.0, "10.0.0.1")
    for number in range(4):
        scene.gpu("n", number, PAGES, 0.6)
    ledger = ledgers(scene, START, END)
    join = _join(ledger, "device to pod")
    assert (join.total, join.unmatched) == (2, 2)
    held = by(ledger, "pod", "dollars")["p"]
    assert blind_dollars(ledger, join) == pytest.approx(held)
    assert join_warnings(ledger) == [
        f"2 of 2 held devices are not named for a pod by their exporter: ${held:.2f} held by count alone"
    ]


def test_a_pod_on_a_node_that_nothing_tells_of_is_said(ledgers: Ledgers) -> None:
    scene = _scene().pod("lost", "gone", KUBE, 1.0, "10.0.0.2").gpu("n", 0, PAGES, 0.6)
    join = _join(ledgers(scene, START, END), "pod to node")
    assert (join.by_way, join.unmatched) == ({"bound node": 1}, 1)


def test_what_fits_is_not_worth_a_warning(ledgers: Ledgers) -> None:
    scene = _scene().gpu("n", 0, PAGES, 0.6, exported_namespace="ml", exported_pod="p")
    ledger = ledgers(scene, START, END)
    assert [join.unmatched for join in ledger.joins] == [0, 0, 0, 0]
    assert join_warnings(ledger) == []


def test_a_bound_is_one_bound_however_it_is_spelled(tmp_path: Path) -> None:
    """Prometheus 2 keeps the page's spelling of `le`, Prometheus 3 writes floats: one store can have both."""
    engine = {"namespace": "ml", "pod": "p", "instance": "10.0.0.1:8000", "engine": "0", "model_name": "m"}
    scene = Scene()
    for at, spellings in ((START, ("0.10", "1", "+Inf")), (START + 15, ("0.1", "1.0", "+Inf"))):
        for count, le in enumerate(spellings):
            scene.add("vllm:time_to_first_token_seconds_bucket", [(at, float(count))], le=le, **engine)
    window = Window.of_seconds(START, START + 300)
    frame = _read(scene, tmp_path, window)
    assert frame == {"0.1": [0.0, 0.0], "1.0": [1.0, 1.0], "+Inf": [2.0, 2.0]}


def _read(scene: Scene, path: Path, window: Window) -> dict[str, list[float]]:
    frame = scene.store(path / "store").read(Question(serving.time_to_first_token_seconds, window, "bucket"))
    bounds = dict(zip(frame.series["series"].to_pylist(), frame.series["le"].to_pylist(), strict=True))
    found: dict[str, list[float]] = {}
    for series, value in zip(frame.samples["series"].to_pylist(), frame.samples["value"].to_pylist(), strict=True):
        found.setdefault(bounds[series], []).append(value)
    return found

"""What surprises a reader of other people's series: labels that move, sentinels, mirrors, finished pods."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.stores.frame import Question
from analyzer.window import Window
from exporters.canonical import device, serving
from tests.analyzer.conftest import START, Ledgers, Scene, by, every, grown, rows_of

KUBE = every(START - 300, START + 600, 30)
PAGES = every(START - 300, START + 600, 15)
SPAN = Window.of_seconds(START, START + 300)
ENGINE = {"namespace": "ml", "pod": "p", "instance": "10.0.0.1:8000", "engine": "0", "model_name": "m"}


@pytest.mark.parametrize("label", ["Hostname", "hostname"])
def test_the_node_by_either_spelling(ledgers: Ledgers, label: str) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).pod("p", "n", KUBE, 1.0, "10.0.0.1")
    own = {"gpu": "0", "UUID": "GPU-0", label: "n", "instance": "x:9400"}
    scene.add("DCGM_FI_DEV_FB_USED", PAGES, **own).add("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", PAGES, **own)
    ledger = ledgers(scene, START, START + 300)
    assert ledger.joins[0].by_way == {"node label": 1}
    assert {row["state"] for row in rows_of(ledger)} == {"active-good"}


def test_exported_labels_win_and_the_exporter_holds_nothing(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "g6e.12xlarge", 4)
    target = {"namespace": "monitoring", "pod": "dcgm-exporter-1", "container": "dcgm-exporter"}
    for gpu in range(4):
        theirs = {"exported_namespace": "ml", "exported_pod": "p", "exported_container": "main"} if gpu == 0 else {}
        scene.gpu("n", gpu, PAGES, 0.5, **target, **theirs)
    seconds = by(ledgers(scene, START, START + 300), "pod")
    assert seconds == {"p": 300.0, "": 900.0}


def test_sentinels_are_no_values(tmp_path: Path) -> None:
    scene = Scene()
    values = [(START, 40.0), (START + 15, 9223372036854775794.0), (START + 30, 50.0)]
    for name in ("DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_UTIL"):
        scene.add(name, values, gpu="0", UUID="GPU-0")
    store = scene.store(tmp_path / "store")
    assert store.read(Question(device.temperature_celsius, SPAN)).samples["value"].to_pylist() == [40.0, 50.0]
    assert store.read(Question(device.busy_ratio, SPAN)).samples["value"].to_pylist() == pytest.approx([0.4, 0.5])


def test_mig_slices_are_shares_of_their_own_device(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "g7e.2xlarge", 0)
    resource = "nvidia_com_mig_2g_48gb"
    scene.add("kube_node_status_capacity", [(t, 1.0) for t, _ in KUBE], node="n", resource=resource)
    scene.pod("p", "n", KUBE, 1.0, "10.0.0.1", resource=resource)
    name = "NVIDIA RTX PRO 6000 Blackwell Server Edition"
    scene.gpu("n", 0, PAGES, 0.5, GPU_I_ID="1", GPU_I_PROFILE="2g.48gb", modelName=name)
    rows = rows_of(ledgers(scene, START, START + 300))
    assert {row["share"] for row in rows} == {0.5}
    assert sum(row["dollars"] for row in rows if row["pod"] == "p") == pytest.approx(3.36312 / 12 / 2)
    assert {row["state"] for row in rows if not row["pod"]} == {"free-fragmented"}


def test_a_shared_gpu_is_counted_once(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 2)
    for number in (1, 2):
        scene.pod(f"p{number}", "n", KUBE, 1.0, f"10.0.0.{number}")
        scene.gpu("n", 0, PAGES, 0.5, exported_namespace="ml", exported_pod=f"p{number}")
    ledger = ledgers(scene, START, START + 300)
    assert by(ledger, "pod") == {"p1": 150.0, "p2": 150.0}
    assert sum(by(ledger, "pod", "dollars").values()) == pytest.approx(6.88 / 12)


def test_the_routers_mirror_is_not_the_engine(tmp_path: Path) -> None:
    scene = Scene().add("vllm:num_requests_running", [(START, 1.0)], **ENGINE)
    scene.add("vllm:num_requests_running", [(START, 9.0)], server="http://10.0.0.1:8000", instance="router:80")
    frame = scene.store(tmp_path / "store").read(Question(serving.requests_running, SPAN))
    assert frame.samples["value"].to_pylist() == [1.0]


def test_names_under_ray(ledgers: Ledgers) -> None:
    tokens = [(t, t - START + 300) for t, _ in PAGES]
    scene = Scene().add("ray_vllm_generation_tokens_total", tokens, **ENGINE)
    scene.add("ray_vllm_num_requests_running", PAGES, **ENGINE)
    assert grown(ledgers(scene, START, START + 300)) == 300


def test_the_old_name_of_the_cache_stands_in(tmp_path: Path) -> None:
    scene = Scene().add("vllm:gpu_cache_usage_perc", [(START, 0.25)], **ENGINE)
    frame = scene.store(tmp_path / "store").read(Question(serving.kv_cache_used_ratio, SPAN))
    assert frame.samples["value"].to_pylist() == [0.25]
    assert frame.series["upstream"].to_pylist() == ["vllm:gpu_cache_usage_perc"]


def test_finished_pods_hold_nothing(ledgers: Ledgers) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).gpu("n", 0, PAGES, 0.0)
    own = {"namespace": "ml", "pod": "job", "uid": "u"}
    scene.add("kube_pod_info", KUBE, node="n", pod_ip="10.0.0.9", **own)
    scene.add("kube_pod_container_resource_requests", KUBE, node="n", resource="nvidia_com_gpu", container="c", **own)
    scene.add("kube_pod_status_phase", [(t, float(t < START + 150)) for t, _ in KUBE], phase="Running", **own)
    scene.add("kube_pod_status_phase", [(t, float(t >= START + 150)) for t, _ in KUBE], phase="Succeeded", **own)
    assert by(ledgers(scene, START, START + 300), "pod") == {"job": 150.0, "": 150.0}

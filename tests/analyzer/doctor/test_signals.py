"""Each signal is said to be what it is: there, old, silent, in another unit, in part, or not there."""

from __future__ import annotations

import pytest

from analyzer.doctor.catalogue import SIGNALS
from analyzer.doctor.model import ABSENT, OLDER_NAME, PARTLY, PRESENT, QUIET, STALE, WRONG_SCALE, Diagnosis
from analyzer.doctor.signals import older_until
from exporters.series import Series
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.doctor.conftest import END, KUBE, PAGES, Diagnose, device, engine, serving, signal

OLD_TPOT = "vllm:time_per_output_token_seconds"


def test_what_is_there_is_present_with_its_name_and_interval(healthy: Diagnosis) -> None:
    line = signal(healthy, "running requests")
    assert (line.state, line.names, line.series) == (PRESENT, ["vllm:num_requests_running"], 1)
    assert (line.interval_seconds, line.newest, line.detail) == (15.0, "2026-11-10T00:59:45Z", "")
    assert line.remedy == ""


def test_what_is_not_there_is_absent_and_says_what_hangs_on_it(healthy: Diagnosis) -> None:
    line = signal(healthy, "memory activity")
    assert (line.state, line.names, line.series, line.newest, line.interval_seconds) == (ABSENT, [], 0, None, None)
    assert "DCGM_FI_PROF_DRAM_ACTIVE" in line.remedy
    assert line.decides


def test_an_empty_store_has_every_signal_absent(diagnosed: Diagnose) -> None:
    diagnosis = diagnosed(Scene().add("something_else", PAGES))
    assert {line.state for line in diagnosis.signals} == {ABSENT}
    assert {line.state for line in diagnosis.sources} == {ABSENT}
    assert diagnosis.bill_dollars is None


@pytest.mark.parametrize(
    ("title", "beside"), [("taints", "kube_node_spec_unschedulable"), ("back-off", "kube_pod_status_ready")]
)
def test_an_event_that_never_came_is_no_missing_signal(diagnosed: Diagnose, title: str, beside: str) -> None:
    with_neighbour = serving().add("kube_node_spec_unschedulable", [(at, 0.0) for at, _ in KUBE], node="n")
    assert signal(diagnosed(with_neighbour), title).state == QUIET
    without = Scene()
    without.points = [point for point in with_neighbour.points if point[0].name != beside]
    assert signal(diagnosed(without), title).state == ABSENT


def test_an_event_that_is_over_is_not_stale(diagnosed: Diagnose) -> None:
    scene = serving().add(
        "kube_pod_container_status_waiting_reason",
        every(START, START + 300, 30),
        namespace="ml",
        pod="p",
        container="main",
        reason="CrashLoopBackOff",
    )
    assert signal(diagnosed(scene), "back-off").state == PRESENT


# serving.md 1.5, accelerators.md 1.4 and 1.10
@pytest.mark.parametrize(
    ("name", "until"),
    [
        (OLD_TPOT, "0.14.1"),
        (f"{OLD_TPOT}_count", "0.14.1"),
        ("ray_vllm_time_per_output_token_seconds_count", "0.14.1"),
        ("vllm:gpu_cache_usage_perc", "0.11.1"),
        ("vllm:inter_token_latency_seconds_count", ""),
        ("vllm:num_requests_running", ""),
        ("dcgm_gpu_utilization", "1.x"),
        ("dcgm_fb_used", "1.x"),
        ("dcgm_fi_prof_pipe_tensor_active", "1.x"),
        ("DCGM_FI_DEV_GPU_UTIL", ""),
        ("DCGM_FI_DEV_GPU_UTIL_RATIO", ""),
        ("DCGM_FI_PROF_TENSOR_UTIL_RATIO", ""),
        ("no_such_name", ""),
    ],
)
def test_older_names_are_known_with_their_last_version(name: str, until: str) -> None:
    assert older_until(name) == until


def test_a_page_with_an_older_name_says_which(diagnosed: Diagnose) -> None:
    own = {"instance": "10.0.0.1:8000", "model_name": "m", "engine": "0"}
    scene = serving().add(f"{OLD_TPOT}_count", PAGES, **own).add(f"{OLD_TPOT}_sum", PAGES, **own)
    line = signal(diagnosed(scene), "inter-token gaps")
    assert (line.state, line.detail) == (OLDER_NAME, f"up to 0.14.1: {OLD_TPOT}_count")


def test_the_older_name_beside_the_new_one_is_no_matter(diagnosed: Diagnose) -> None:
    own = {"instance": "10.0.0.1:8000", "model_name": "m", "engine": "0"}
    scene = serving().add(f"{OLD_TPOT}_count", PAGES, **own)
    scene.add("vllm:inter_token_latency_seconds_count", PAGES, **own)
    assert signal(diagnosed(scene), "inter-token gaps").state == PRESENT


def test_an_exporter_of_the_first_generation_is_recognised(diagnosed: Diagnose) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1)
    for name in ("dcgm_fb_used", "dcgm_gpu_utilization"):
        scene.add(name, PAGES, gpu="0", uuid="GPU-1", Hostname="n", instance="n:9400", pod_name="p", pod_namespace="ml")
    diagnosis = diagnosed(scene)
    for title in ("devices", "pod of a device", "busy ratio"):
        assert signal(diagnosis, title).state == OLDER_NAME
        assert signal(diagnosis, title).detail.startswith("up to 1.x: dcgm_")


def test_a_signal_that_stopped_is_stale_and_has_a_repair(diagnosed: Diagnose) -> None:
    scene = serving()
    own = {"UUID": "GPU-n-0", "gpu": "0", "Hostname": "n", "instance": "n:9400"}
    scene.add("DCGM_FI_PROF_DRAM_ACTIVE", every(START, START + 900, 15, 0.4), **own)
    line = signal(diagnosed(scene), "memory activity")
    assert (line.state, line.detail) == (STALE, "silent since 2026-11-10 00:15")
    assert "DCGM_FI_PROF_DRAM_ACTIVE stopped" in line.remedy


def test_three_missing_scrapes_are_not_stale(diagnosed: Diagnose) -> None:
    own = {"UUID": "GPU-n-0", "gpu": "0", "Hostname": "n", "instance": "n:9400"}
    scene = serving().add("DCGM_FI_PROF_DRAM_ACTIVE", every(START, END - 180, 60, 0.4), **own)
    assert signal(diagnosed(scene), "memory activity").state == PRESENT


def test_everything_that_ended_long_before_the_window_did_is_stale(diagnosed: Diagnose) -> None:
    diagnosis = diagnosed(serving(), end=END + 7200)
    assert {line.state for line in diagnosis.signals} <= {STALE, ABSENT, QUIET}
    assert {line.state for line in diagnosis.sources} == {STALE, ABSENT}


def test_an_engine_whose_pod_is_gone_need_not_speak(diagnosed: Diagnose) -> None:
    gone = every(START - 300, START + 1200, 15)
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).gpu("n", 0, PAGES, 0.0)
    scene.pod("p", "n", every(START - 300, START + 1200, 30), 1.0, "10.0.0.1")
    scene.add("kube_pod_info", KUBE, node="n", pod_ip="10.0.0.2", namespace="mon", pod="agent", uid="u")
    assert signal(diagnosed(engine(scene, gone)), "running requests").state == PRESENT
    lost = serving(every(START - 300, START + 1200, 15))
    assert signal(diagnosed(lost), "running requests").state == STALE


@pytest.mark.parametrize("title", [signal.title for signal in SIGNALS if signal.is_ratio])
def test_a_percent_where_a_ratio_belongs_is_seen(diagnosed: Diagnose, title: str) -> None:
    names = {
        "tensor activity": "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
        "memory activity": "DCGM_FI_PROF_DRAM_ACTIVE",
        "busy ratio": "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    }
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1)
    line = signal(diagnosed(device(scene, names[title], 62.0)), title)
    assert (line.state, line.detail) == (WRONG_SCALE, "up to 62, and a ratio ends at 1")
    assert "unit" in line.remedy


@pytest.mark.parametrize(("printed", "state"), [(62.0, PRESENT), (0.62, WRONG_SCALE), (0.0, PRESENT)])
def test_a_ratio_where_a_percent_is_printed_is_seen(diagnosed: Diagnose, printed: float, state: str) -> None:
    line = signal(diagnosed(device(serving(), "DCGM_FI_DEV_GPU_UTIL", printed)), "busy ratio")
    assert line.state == state


@pytest.mark.parametrize(
    ("per_second", "state"), [(500_000.0, PRESENT), (500.0, WRONG_SCALE), (520_000.0, PRESENT), (0.0, PRESENT)]
)
def test_energy_in_joules_is_seen_beside_the_power(diagnosed: Diagnose, per_second: float, state: str) -> None:
    """The counter is in millijoules, so a device of 500 W adds 500,000 in a second."""
    scene = device(serving(), "DCGM_FI_DEV_POWER_USAGE", 500.0)
    own = {"UUID": "GPU-n-0", "gpu": "0", "Hostname": "n", "instance": "n:9400"}
    scene.add("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", [(at, per_second * (at - START + 1e6)) for at, _ in PAGES], **own)
    assert signal(diagnosed(scene), "energy").state == state


def test_energy_without_power_is_believed(diagnosed: Diagnose) -> None:
    own = {"UUID": "GPU-n-0", "gpu": "0", "Hostname": "n", "instance": "n:9400"}
    rising = [(at, 500.0 * (at - START + 1e6)) for at, _ in PAGES]
    line = signal(diagnosed(serving().add("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", rising, **own)), "energy")
    assert line.state == PRESENT


def test_a_signal_of_some_devices_is_there_in_part(diagnosed: Diagnose) -> None:
    scene = serving().node("m", KUBE, "p5.4xlarge", 1)
    device(scene, "DCGM_FI_DEV_FB_USED", 1.0, node="m")
    line = signal(diagnosed(scene), "tensor activity")
    assert (line.state, line.detail) == (PARTLY, "at 1 of 2 devices")


def test_free_devices_need_no_pod(diagnosed: Diagnose) -> None:
    scene = serving()
    device(scene, "DCGM_FI_DEV_FB_USED", 1.0, index=1, pod="p", namespace="ml")
    assert signal(diagnosed(scene), "pod of a device").state == PRESENT


def test_devices_that_name_no_pod_do_not_tell_of_pods(healthy: Diagnosis) -> None:
    assert signal(healthy, "devices").state == PRESENT
    assert signal(healthy, "pod of a device").state == ABSENT


def test_node_labels_without_an_instance_type_do_not_tell_of_prices(diagnosed: Diagnose) -> None:
    scene = Scene().add("kube_node_labels", KUBE, node="n").add("kube_node_info", KUBE, node="n")
    assert signal(diagnosed(scene), "instance types").state == ABSENT


def test_what_only_stands_in_is_not_missed(healthy: Diagnosis) -> None:
    assert signal(healthy, "machine types").remedy == ""
    assert signal(healthy, "modelled FLOPs").remedy == ""


def test_a_single_sample_is_a_signal(diagnosed: Diagnose) -> None:
    diagnosis = diagnosed(Scene().add("kube_node_info", [(END - 30, 1.0)], node="n"))
    assert signal(diagnosis, "nodes").state == PRESENT


def test_devices_that_nobody_holds_need_not_name_pods(diagnosed: Diagnose) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).gpu("n", 0, PAGES, 0.0)
    scene.pod("web", "n", KUBE, 2.0, "10.0.0.1", resource="cpu")
    assert signal(diagnosed(scene), "pod of a device").state == QUIET


@pytest.mark.parametrize(
    ("title", "part"),
    [("owners", "--metric-allowlist"), ("energy", "counters file"), ("cached prompt tokens", "upgrade the engine")],
)
def test_where_the_source_is_there_the_remedy_is_not_to_run_it(healthy: Diagnosis, title: str, part: str) -> None:
    assert part in signal(healthy, title).remedy


def test_where_the_source_is_not_there_the_remedy_is_to_run_it(diagnosed: Diagnose) -> None:
    scene = Scene()
    series = Series.of("karpenter_pods_state", {"name": "p", "namespace": "ml", "phase": "Running"}.items())
    scene.points = [(series, at, value) for at, value in KUBE]
    diagnosis = diagnosed(scene)
    assert signal(diagnosis, "pods").state == PRESENT
    assert signal(diagnosis, "owners").remedy.startswith("run kube-state-metrics")
    assert signal(diagnosis, "energy").remedy.startswith("run dcgm-exporter")

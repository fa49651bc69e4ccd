"""Traps of upstream names, scales and labels, each at the place where it would bite: a frame read from a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.stores.frame import Frame, Question
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.canonical import device, serving
from exporters.metric import Metric
from exporters.series import Series
from exporters.store.writer import StoreWriter
from exporters.upstream import families, upstreams_of

START = 1_794_268_800.0
WINDOW = Window.of_seconds(START, START + 300)
GPU = {"UUID": "GPU-1", "gpu": "0", "Hostname": "n"}
ENGINE = {"model_name": "m", "instance": "10.0.0.1:8000"}

Row = tuple[str, dict[str, str], float]


def _read(path: Path, rows: list[Row], metric: Metric, part: str = "") -> Frame:
    """The frame of a store with three scrapes of these values."""
    with StoreWriter(path) as writer:
        for number in range(3):
            series = [Series.of(name, labels.items()) for name, labels, _ in rows]
            writer.add(series, [value for _, _, value in rows], [START + 15.0 * number] * len(rows))
    return ParquetStore(path).read(Question(metric, WINDOW, part))


def _values(frame: Frame) -> list[float]:
    return sorted(set(frame.samples["value"].to_pylist()))


@pytest.mark.parametrize(
    ("name", "labels", "raw", "metric", "value"),
    [
        ("DCGM_FI_DEV_GPU_UTIL", GPU, 97.0, device.busy_ratio, 0.97),
        ("DCGM_FI_DEV_GPU_UTIL_RATIO", GPU, 97.0, device.busy_ratio, 0.97),  # 4.6: called ratio, still percent
        ("dcgm_gpu_utilization", {"uuid": "GPU-1", "gpu": "0"}, 50.0, device.busy_ratio, 0.5),
        ("DCGM_FI_DEV_FB_USED", GPU, 10.0, device.memory_used_bytes, 10 * 2.0**20),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", GPU, 5_000.0, device.energy_joules_total, 5.0),
        ("DCGM_FI_PROF_TENSOR_UTIL_RATIO", GPU, 0.25, device.compute_active_ratio, 0.25),
        ("DCGM_FI_DEV_XID_ERROR", GPU, 79.0, device.last_fault_code, 79.0),
    ],
)
def test_dcgm_names_and_scales_of_three_generations(
    tmp_path: Path, name: str, labels: dict[str, str], raw: float, metric: Metric, value: float
) -> None:
    frame = _read(tmp_path, [(name, labels, raw)], metric)
    assert _values(frame) == [pytest.approx(value)]
    assert frame.series["uuid"].to_pylist() == ["GPU-1"]
    assert frame.series["upstream"].to_pylist() == [name]


@pytest.mark.parametrize(
    ("name", "blank", "metric"),
    [
        ("DCGM_FI_DEV_GPU_TEMP", 9223372036854775794.0, device.temperature_celsius),
        ("DCGM_FI_DEV_GPU_UTIL", 9223372036854775792.0, device.busy_ratio),
        ("DCGM_FI_PROF_DRAM_ACTIVE", 140737488355328.0, device.memory_active_ratio),
        ("DCGM_FI_DEV_POWER_USAGE", 140737488355330.0, device.power_watts),
    ],
)
def test_dcgm_blank_values_are_no_values(tmp_path: Path, name: str, blank: float, metric: Metric) -> None:
    assert _read(tmp_path, [(name, GPU, blank)], metric).samples.num_rows == 0


def test_a_mig_slice_has_no_gpu_util_and_is_read_from_the_engine_ratio(tmp_path: Path) -> None:
    mig = {**GPU, "GPU_I_ID": "3", "GPU_I_PROFILE": "1g.10gb"}
    frame = _read(tmp_path, [("DCGM_FI_PROF_GR_ENGINE_ACTIVE", mig, 0.4)], device.busy_ratio)
    assert _values(frame) == [0.4]
    assert frame.series["mig"].to_pylist() == ["3"]


def test_energy_repeated_on_each_mig_row_is_one_device(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", {**GPU, "GPU_I_ID": str(number)}, 7_000.0) for number in range(3)
    ]
    frame = _read(tmp_path, rows, device.energy_joules_total)
    assert frame.series.num_rows == 1
    assert frame.samples.num_rows == 3


def test_a_shared_gpu_repeated_for_each_pod_is_read_once(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("DCGM_FI_DEV_GPU_UTIL", {**GPU, "exported_pod": pod, "exported_namespace": "x", "vgpu": pod}, value)
        for pod, value in (("a", 30.0), ("b", 80.0))
    ]
    assert _values(_read(tmp_path, rows, device.busy_ratio)) == [0.8]


def test_empty_pod_labels_of_old_exporters_hold_nothing(tmp_path: Path) -> None:
    frame = _read(tmp_path, [("DCGM_FI_DEV_FB_USED", {**GPU, "pod": "", "namespace": ""}, 1.0)], device.allocation)
    assert frame.series["pod"].to_pylist() == [""]


@pytest.mark.parametrize("name", ["DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "DCGM_FI_PROF_PCIE_TX_BYTES"])
def test_rates_that_look_like_counters_are_read_as_nothing(name: str) -> None:
    assert name not in {upstream.name for upstream in families()["dcgm"].upstreams}


def test_data_parallel_ranks_are_series_of_their_own(tmp_path: Path) -> None:
    rows: list[Row] = [("vllm:generation_tokens_total", {**ENGINE, "engine": rank}, 5.0) for rank in ("0", "1")]
    frame = _read(tmp_path, rows, serving.generation_tokens_total)
    assert frame.series["engine"].to_pylist() == ["0", "1"]
    assert frame.samples.num_rows == 6


def test_a_counter_has_the_suffix_and_its_birth_series_is_not_a_counter(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("vllm:generation_tokens_total", ENGINE, 5.0),
        ("vllm:generation_tokens_created", ENGINE, 1_794_000_000.0),
        ("vllm:generation_tokens", ENGINE, 9.0),
    ]
    assert _values(_read(tmp_path, rows, serving.generation_tokens_total)) == [5.0]


def test_the_histogram_that_looks_like_a_counter_is_not_read_as_tokens() -> None:
    names = {upstream.name for upstream in families()["vllm"].upstreams}
    assert not {name for name in names if "iteration_tokens" in name}


@pytest.mark.parametrize(
    ("name", "metric", "part"),
    [
        ("vllm:gpu_cache_usage_perc", serving.kv_cache_used_ratio, ""),
        ("vllm:time_per_output_token_seconds_sum", serving.inter_token_latency_seconds, "sum"),
        ("ray_vllm_num_requests_running", serving.requests_running, ""),
        ("vllm:prefix_cache_hits_total", serving.prompt_tokens_cached_total, ""),
    ],
)
def test_older_names_answer_where_the_newer_is_absent(tmp_path: Path, name: str, metric: Metric, part: str) -> None:
    frame = _read(tmp_path, [(name, ENGINE, 0.5)], metric, part)
    assert frame.series["upstream"].to_pylist() == [name]


def test_both_names_at_once_are_one_series_under_the_newer(tmp_path: Path) -> None:
    rows: list[Row] = [("vllm:gpu_cache_usage_perc", ENGINE, 0.4), ("vllm:kv_cache_usage_perc", ENGINE, 0.6)]
    frame = _read(tmp_path, rows, serving.kv_cache_used_ratio)
    assert frame.series["upstream"].to_pylist() == ["vllm:kv_cache_usage_perc"]
    assert _values(frame) == [0.6]


def test_prefix_hits_in_blocks_are_not_read_as_tokens() -> None:
    assert "vllm:gpu_prefix_cache_hits_total" not in {
        upstream.name for _, upstream in upstreams_of(serving.prompt_tokens_cached_total)
    }


def test_a_router_that_mirrors_engine_names_is_left_out(tmp_path: Path) -> None:
    rows: list[Row] = [
        ("vllm:num_requests_running", ENGINE, 2.0),
        ("vllm:num_requests_running", {"server": "http://10.0.0.1:8000", "instance": "router:80"}, 2.0),
    ]
    assert _read(tmp_path, rows, serving.requests_running).series.num_rows == 1


def test_reading_kv_cache_usage_as_a_ratio_in_spite_of_its_name(tmp_path: Path) -> None:
    frame = _read(tmp_path, [("vllm:kv_cache_usage_perc", ENGINE, 0.93)], serving.kv_cache_used_ratio)
    assert _values(frame) == [0.93]

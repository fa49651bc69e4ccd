"""MFU and MBU stand in where no device tells of its activity; counters at 0 are off, not a measured 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.ledger.ledger import compute_ledger
from analyzer.pricing.instances import DatedTable, peaks
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.series import Series
from exporters.store.writer import StoreWriter

START = 1_794_268_800.0
STEP = 15.0
NODE = "ip-10-0-0-1.ec2.internal"


def _store(path: Path, flops_per_second: float, bytes_per_second: float) -> ParquetStore:
    """One L4 with only a busy ratio, one vLLM pod on it that always runs a request."""
    pod = [("namespace", "chat"), ("pod", "llm-0")]
    engine = [*pod, ("model_name", "m"), ("engine", "0"), ("instance", "10.0.0.9:8000")]
    with StoreWriter(path) as writer:
        for number in range(81):
            at = START + number * STEP
            samples = {
                Series.of("kube_node_info", [("node", NODE), ("provider_id", "aws:///i-1")]): 1.0,
                Series.of("kube_node_created", [("node", NODE)]): START - 86_400 * 2,
                Series.of(
                    "kube_node_labels", [("node", NODE), ("label_node_kubernetes_io_instance_type", "g6.xlarge")]
                ): 1,
                Series.of(
                    "kube_node_status_condition", [("node", NODE), ("condition", "Ready"), ("status", "true")]
                ): 1,
                Series.of("kube_pod_info", [*pod, ("uid", "u"), ("node", NODE), ("pod_ip", "10.0.0.9")]): 1,
                Series.of("kube_pod_status_ready", [*pod, ("uid", "u"), ("condition", "true")]): 1,
                Series.of(
                    "kube_pod_container_resource_requests",
                    [*pod, ("uid", "u"), ("container", "c"), ("node", NODE), ("resource", "nvidia_com_gpu")],
                ): 1,
                Series.of(
                    "DCGM_FI_DEV_GPU_UTIL",
                    [("UUID", "GPU-1"), ("gpu", "0"), ("modelName", "NVIDIA L4"), ("Hostname", NODE), *pod],
                ): 100,
                Series.of("vllm:num_requests_running", engine): 1,
                Series.of("vllm:generation_tokens_total", engine): 10.0 * number,
                Series.of("vllm:estimated_flops_per_gpu_total", engine): flops_per_second * STEP * number,
                Series.of("vllm:estimated_read_bytes_per_gpu_total", engine): bytes_per_second * STEP * number,
            }
            writer.add(list(samples), list(samples.values()), [at] * len(samples))
    return ParquetStore(path)


def _seconds(path: Path, flops: float, moved: float) -> dict[str, float]:
    window = Window.of_seconds(START + 300, START + 900)
    rows = compute_ledger(_store(path, flops, moved), window, DatedTable()).rows
    found: dict[str, float] = {}
    for state, seconds in zip(rows["state"].to_pylist(), rows["seconds"].to_pylist(), strict=True):
        found[state] = found.get(state, 0.0) + seconds
    return found


def test_the_larger_of_mfu_and_mbu_is_the_effective_ratio(tmp_path: Path) -> None:
    peak = peaks()["L4"]
    assert peak.flops is not None
    assert peak.memory_bytes_per_second is not None
    found = _seconds(tmp_path, 0.1 * peak.flops, 0.3 * peak.memory_bytes_per_second)
    assert found["active-good"] == pytest.approx(300, rel=0.03)  # 0.3 of a target of 0.6
    assert found["active-ineffective"] == pytest.approx(300, rel=0.03)


def test_counters_that_stay_at_zero_are_off(tmp_path: Path) -> None:
    assert _seconds(tmp_path, 0.0, 0.0) == {"active-unassessed": 600.0}

"""What one pass of `gpuyield publish` costs on a Prometheus that scrapes 2,000 GPUs.

    python -m benchmarks.publish_pass [--nodes 250] [--hours 25]

A fleet of nodes with eight GPUs each, under dcgm-exporter, kube-state-metrics and one vLLM engine per node, all scraped
every 60 s, is put into a real Prometheus. Then passes are made in a process of its own: the first cell, an hour of
cells, and the pass that is made every five minutes, one new cell and twelve that may have changed. Once an hour the
findings of the last day are computed too. Appends to
benchmarks/results/publish_pass.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exporters.series import Series
from exporters.store.writer import StoreWriter

_STEP = 60
_CELL = 300
_RESULTS = Path(__file__).parent / "results" / "publish_pass.csv"
Values = npt.NDArray[np.float64]


def series_of(node: int, at: Values, random: np.random.Generator) -> Iterator[tuple[str, dict[str, str], Values]]:
    """(name, labels, values) of one node, its two pods and its engine."""
    one, name, ip = (
        np.ones(len(at)),
        f"ip-10-0-{node // 250}-{node % 250}.ec2.internal",
        f"10.1.{node // 250}.{node % 250}",
    )
    yield "kube_node_info", {"node": name, "provider_id": f"aws:///us-east-1a/i-{node:017x}"}, one
    label = "label_node_kubernetes_io_instance_type"
    yield "kube_node_labels", {"node": name, label: "p5.48xlarge", "label_karpenter_sh_nodepool": "gpu"}, one
    yield "kube_node_created", {"node": name}, one * (at[0] - 90_000)
    yield "kube_node_status_condition", {"node": name, "condition": "Ready", "status": "true"}, one
    for table in ("capacity", "allocatable"):
        yield f"kube_node_status_{table}", {"node": name, "resource": "nvidia_com_gpu"}, one * 8
    for pod, gpus in ((f"chat-{node}", 6), (f"batch-{node}", 1)):
        own = {"namespace": f"team-{node % 20}", "pod": pod, "uid": f"uid-{pod}"}
        kind = {"created_by_kind": "StatefulSet", "created_by_name": pod.partition("-")[0]}
        yield "kube_pod_info", {**own, **kind, "node": name, "pod_ip": ip if gpus == 6 else ""}, one
        yield "kube_pod_status_phase", {**own, "phase": "Running"}, one
        yield "kube_pod_status_ready", {**own, "condition": "true"}, one
        yield "kube_pod_created", own, one * (at[0] - 80_000)
        asked = {"node": name, "container": "main", "resource": "nvidia_com_gpu"}
        yield "kube_pod_container_resource_requests", {**own, **asked}, one * gpus
    for index in range(8):
        gpu = {
            "gpu": str(index),
            "UUID": f"GPU-{node:06d}-{index}",
            "Hostname": name,
            "modelName": "NVIDIA H100 80GB HBM3",
        }
        gpu["instance"] = f"{ip}:9400"
        yield "DCGM_FI_DEV_FB_USED", gpu, one * 60_000
        for signal in ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_PROF_DRAM_ACTIVE"):
            yield signal, gpu, np.round(random.random(len(at)) * (index < 7), 4)
    engine = {"instance": f"{ip}:8000", "model_name": f"model-{node % 10}", "engine": "0"}
    yield "vllm:num_requests_running", engine, np.round(random.random(len(at)) * 30)
    for counter in ("vllm:prompt_tokens_total", "vllm:generation_tokens_total"):
        yield counter, engine, np.cumsum(np.round(random.random(len(at)) * 90_000))


def fill(folder: Path, nodes: int, hours: float, end: int) -> int:
    """Writes the store, and says how many samples it has."""
    at = np.arange(end - round(hours * 3600), end, _STEP, dtype=np.float64)
    random, which = np.random.default_rng(7), np.zeros(len(at), np.int32)
    with StoreWriter(folder) as writer:
        for node in range(nodes):
            for name, labels, values in series_of(node, at, random):
                writer.add_columns([Series.of(name, labels.items())], which, values, at)
    return writer.samples_written


class _Clock:
    """Says the time at which the pass is made."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return time.monotonic()


def passes(url: str, end: int) -> Iterator[dict[str, float | str]]:
    """Three passes against the server, each with what it took."""
    from analyzer.ledger.ledger import compute_ledger
    from analyzer.pricing.instances import DatedTable
    from analyzer.publish.publisher import Pace, Publisher
    from analyzer.stores.frame import Store
    from analyzer.stores.prometheus.access import ServerAccess
    from analyzer.stores.prometheus.connect import connect
    from analyzer.stores.prometheus.store import PrometheusStore

    clock, read = _Clock(), [0]

    @contextmanager
    def opened() -> Iterator[Store]:
        with PrometheusStore(connect(ServerAccess(url))) as store:
            yield store
            read[0] = store.samples

    with tempfile.TemporaryDirectory() as folder:
        publisher = Publisher(
            opened,
            lambda store, window: compute_ledger(store, window, DatedTable()),
            Pace(settle=0, horizon=3600, catch_up=86_400, zero=150, findings=86_400),
            clock,
            Path(folder) / "state",
        )
        for name, cells_before in (
            ("first cell and findings", 13),
            ("an hour of cells and findings", 1),
            ("every five minutes", 0),
        ):
            clock.now = end - cells_before * _CELL
            wall, cpu = time.perf_counter(), time.process_time()
            publisher.run()
            publisher.shown()
            yield {
                "pass": name,
                "seconds": round(time.perf_counter() - wall, 1),
                "cpu_seconds": round(time.process_time() - cpu, 1),
                "samples": read[0],
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "series_told": len(publisher.samples),
                "state_kib": (Path(folder) / "state").stat().st_size // 1024,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=250)
    parser.add_argument("--hours", type=float, default=25.0)
    parser.add_argument("--child", nargs=2, metavar=("URL", "END"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        for row in passes(arguments.child[0], int(arguments.child[1])):
            print(json.dumps(row), flush=True)
        return
    from tests.real_servers import prometheus, prometheus_binaries

    end = (int(time.time()) // _CELL - 1) * _CELL
    with tempfile.TemporaryDirectory() as place:
        samples = fill(Path(place) / "store", arguments.nodes, arguments.hours, end + _STEP + 1)
        print(f"{arguments.nodes * 8:,} GPUs, {arguments.hours:g} hours, {samples:,} samples in the server", flush=True)
        with prometheus(prometheus_binaries()[0], Path(place) / "store", Path(place) / "prometheus") as server:
            command = [sys.executable, "-m", "benchmarks.publish_pass", "--child", server.url, str(end)]
            text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    _keep([{"date": f"{datetime.now(UTC):%F}", "gpus": arguments.nodes * 8, **row} for row in rows])


def _keep(rows: list[dict[str, float | str]]) -> None:
    is_new = not _RESULTS.exists()
    with _RESULTS.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        if is_new:
            writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()

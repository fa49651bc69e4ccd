"""Reading 2.88 million samples out of a real Prometheus: gpuyield's ways beside prometheus-api-client.

    python -m benchmarks.prometheus_read

2,000 series of 1,440 points each, one day at 60 s, read into one frame. Each reader runs in a process of its own,
against the same server, round after round; ratios to prometheus-api-client are printed, and what each cost the server.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from exporters.series import Series
from exporters.store.writer import StoreWriter

_SERIES, _POINTS, _STEP = 2_000, 1_440, 60
_START = 1_794_268_800
_NAME = "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"
_ROUNDS = 3
_PEER = "prometheus-api-client"


def _gpuyield(url: str, way: str) -> int:
    from analyzer.stores.prometheus.access import ServerAccess
    from analyzer.stores.prometheus.points import Reader
    from analyzer.stores.prometheus.query_api import QueryApi, RangeSelector
    from analyzer.stores.prometheus.remote_read.reader import RemoteRead
    from analyzer.stores.prometheus.selector import Selector
    from analyzer.stores.prometheus.server import Server

    server = Server(ServerAccess(url))
    reader: Reader = RemoteRead(server) if way == "chunks" else RangeSelector(QueryApi(server))
    start, end = _START * 1000, (_START + _POINTS * _STEP) * 1000 - 1
    tables, known = [], 0
    for points in reader.read(Selector.of(_NAME), start, end):
        columns = {"series": points.which + np.int32(known), "at": points.at, "value": points.values}
        tables.append(pa.table(columns))
        known += len(points.series)
    return int(pa.concat_tables(tables).num_rows)


def _peer(url: str, way: str) -> int:
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

    headers = {"Accept-Encoding": "identity"} if way == "identity" else None
    client = PrometheusConnect(url=url, headers=headers)
    answer = client.custom_query_range(
        _NAME,
        start_time=datetime.fromtimestamp(_START, UTC),
        end_time=datetime.fromtimestamp(_START + (_POINTS - 1) * _STEP, UTC),
        step=str(_STEP),
    )
    return len(MetricRangeDataFrame(answer))


READERS: dict[str, tuple[Callable[[str, str], int], str]] = {
    _PEER: (_peer, "gzip"),
    f"{_PEER}, identity": (_peer, "identity"),
    "gpuyield, range selectors, identity": (_gpuyield, "selectors"),
    "gpuyield, remote read, chunks": (_gpuyield, "chunks"),
}


def _child(name: str, url: str) -> None:
    read, way = READERS[name]
    before = time.process_time()
    started = time.perf_counter()
    rows = read(url, way)
    used = {
        "rows": rows,
        "wall": time.perf_counter() - started,
        "cpu": time.process_time() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(used))


def _fill(folder: Path) -> Path:
    """A store with the samples: ratios that wander, four digits each."""
    random = np.random.default_rng(7)
    at = np.arange(_POINTS, dtype=np.float64) * _STEP + _START
    with StoreWriter(folder) as writer:
        for number in range(_SERIES):
            labels = {
                "UUID": f"GPU-{number:08d}-0000-0000-0000-000000000000",
                "gpu": str(number % 8),
                "Hostname": f"ip-10-0-{number // 8 // 250}-{number // 8 % 250}.ec2.internal",
                "instance": f"10.0.{number // 8 // 250}.{number // 8 % 250}:9400",
                "job": "dcgm-exporter",
                "modelName": "NVIDIA H100 80GB HBM3",
            }
            wander = np.abs(np.cumsum(random.normal(0, 0.02, _POINTS)) + 0.4) % 1
            which = np.zeros(_POINTS, np.int32)
            writer.add_columns([Series.of(_NAME, labels.items())], which, np.round(wander, 4), at)
    return folder


def _server_used(pid: int) -> tuple[float, float]:
    """CPU seconds so far, and the peak of resident memory in MB since the last reset."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return (int(fields[11]) + int(fields[12])) / 100, peak / 1024


def _measure(name: str, url: str, pid: int) -> dict[str, float]:
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    cpu, base = _server_used(pid)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.prometheus_read", "--child", name, "--url", url],
        check=True,
        capture_output=True,
        text=True,
    )
    used: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    after, peak = _server_used(pid)
    return {**used, "server_cpu": after - cpu, "server_mb": peak - base}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", choices=tuple(READERS))
    parser.add_argument("--url", default="")
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child, arguments.url)
        return
    from tests.real_servers import prometheus, prometheus_binaries

    runs: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
    with tempfile.TemporaryDirectory() as place:
        store = _fill(Path(place) / "store")
        for number in range(_ROUNDS):
            for name in READERS:  # a server of its own each time: one that has grown hides what the next one costs
                folder = Path(place) / f"{number}-{len(runs[name])}-{list(READERS).index(name)}"
                with prometheus(prometheus_binaries()[0], store, folder) as server:
                    runs[name].append(_measure(name, server.url, server.pid))
                shutil.rmtree(folder)
    _print(runs)


def _print(runs: dict[str, list[dict[str, float]]]) -> None:
    middle = {
        name: {key: statistics.median(run[key] for run in several) for key in several[0]}
        for name, several in runs.items()
    }
    peer = middle[_PEER]
    print(f"{'2.88 M samples into one frame':38} {'wall':>6} {'CPU':>6} {'memory':>7}   server: CPU s, MB more")
    for name, used in middle.items():
        assert used["rows"] == _SERIES * _POINTS, f"{name}: {used['rows']} rows"
        ratios = [used[key] / peer[key] for key in ("wall", "cpu", "peak_mb")]
        print(
            f"{name:38} {ratios[0]:6.3f} {ratios[1]:6.3f} {ratios[2]:7.3f}"
            f"   {used['server_cpu']:6.2f} {used['server_mb']:8.0f}"
        )
    print(f"1.000 is {peer['wall']:.1f} s of wall, {peer['cpu']:.1f} s of CPU, {peer['peak_mb']:,.0f} MB")


if __name__ == "__main__":
    main()

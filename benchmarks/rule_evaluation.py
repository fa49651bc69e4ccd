"""How long a Prometheus of 2,000 GPUs takes to evaluate our rules: `python -m benchmarks.rule_evaluation`.

An hour of history in upstream names (dcgm-exporter, vLLM, kube-state-metrics) and of the published ledger is written as
blocks by promtool, a Prometheus is started on it, and each rule is asked some times at the end of the hour. Printed is
the median for each rule and the share of a minute that all of them together keep the server busy; written is a CSV.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from alerts.dialects.prometheus import all_rules
from alerts.wording import Links
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from analyzer.ledger.states import STATES
from tests.real_servers import free_port

_END = 1_794_268_800
_STEP, _GPUS_OF_NODE, _GPUS_OF_POD, _MODELS = 30, 8, 2, 40
_BOUNDS = ("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
_DCGM = ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_PROF_DRAM_ACTIVE",
         "DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_POWER_USAGE",
         "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION")  # fmt: skip
_GAUGES = ("vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc")
_COUNTERS = ("vllm:generation_tokens_total", "vllm:prompt_tokens_total", "vllm:num_preemptions_total")
_HISTOGRAMS = ("vllm:time_to_first_token_seconds", "vllm:inter_token_latency_seconds",
               "vllm:e2e_request_latency_seconds", "vllm:request_queue_time_seconds")  # fmt: skip

Series = tuple[str, float, float]  # name with labels, first value, growth in a step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", type=int, default=2_000)
    parser.add_argument("--minutes", type=int, default=60, help="of history")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/rule_evaluation.csv"))
    arguments = parser.parse_args()
    binary = shutil.which("prometheus")
    if binary is None:
        sys.exit("prometheus is not installed")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = _fill(folder, arguments.gpus, arguments.minutes)
        print(f"{arguments.gpus} GPUs: {count} series, {arguments.minutes} minutes at {_STEP} s")
        rows = _measured(binary, folder, arguments.rounds)
    _print(rows)
    arguments.csv.parent.mkdir(parents=True, exist_ok=True)
    with arguments.csv.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(("group", "rule", "interval_seconds", "median_ms", "largest_ms", "results"))
        writer.writerows(rows)


Row = tuple[str, str, int, float, float, int]


def _print(rows: list[Row]) -> None:
    for group, rule, _, median, largest, results in sorted(rows, key=lambda row: -row[3]):
        print(f"{median:9.1f} ms  (largest {largest:.1f})  {results:5} results  {group}: {rule}")
    busy = sum(median / interval / 1000 for _, _, interval, median, _, _ in rows)
    print(f"{len(rows)} rules: {sum(row[3] for row in rows):.0f} ms once, {busy:.1%} of one core all the time")


def _measured(binary: str, folder: Path, rounds: int) -> list[Row]:
    host = f"127.0.0.1:{free_port()}"
    (folder / "prometheus.yml").write_text("global: {}\n")
    command = [binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
               f"--web.listen-address={host}", "--storage.tsdb.retention.time=100y", "--log.level=error"]  # fmt: skip
    process = subprocess.Popen(command)
    try:
        _wait(f"http://{host}/-/ready")
        content = all_rules(Scope(), Thresholds(), Links())
        return [_row(host, group, rule, rounds) for group in content["groups"] for rule in group["rules"]]
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("prometheus did not start")


def _row(host: str, group: dict[str, str], rule: dict[str, str], rounds: int) -> Row:
    body = urllib.parse.urlencode({"query": rule["expr"], "time": _END - _STEP}).encode()
    took, results = [], 0
    for _ in range(rounds + 1):  # the first one warms the caches, as an evaluation a minute ago would have
        start = time.perf_counter()
        with urllib.request.urlopen(f"http://{host}/api/v1/query", body, timeout=120) as answer:
            results = len(json.load(answer)["data"]["result"])
        took.append((time.perf_counter() - start) * 1000)
    median, largest = statistics.median(took[1:]), max(took[1:])
    interval = int(group["interval"].removesuffix("m")) * 60
    name = rule.get("alert") or rule["record"]
    return group["name"], name, interval, round(median, 2), round(largest, 2), results


def _fill(folder: Path, gpus: int, minutes: int) -> int:
    steps, count = minutes * 60 // _STEP, 0
    with (folder / "history.om").open("w") as out:
        for name, first, growth in _fleet(gpus):
            count += 1
            out.writelines(
                f"{name} {first + growth * step!r} {_END - (steps - step) * _STEP}\n" for step in range(steps)
            )
        out.write("# EOF\n")
    read, written = str(folder / "history.om"), str(folder / "data")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", read, written]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "history.om").unlink()
    return count


def _fleet(gpus: int) -> Iterator[Series]:
    for gpu in range(gpus):
        place = f'cluster="prod",UUID="GPU-{gpu}",Hostname="node-{gpu // _GPUS_OF_NODE}"'
        yield from ((f"{name}{{{place}}}", 0.5, 0.0) for name in _DCGM)
    for node in range(gpus // _GPUS_OF_NODE):
        place = f'cluster="prod",node="node-{node}"'
        yield f'kube_node_status_condition{{{place},condition="Ready",status="true"}}', 1.0, 0.0
        yield f'kube_node_status_capacity{{{place},resource="nvidia_com_gpu",unit="integer"}}', 8.0, 0.0
        yield f'gpuyield_node_phase{{{place},phase="ready"}}', 1.0, 0.0
        yield f'gpuyield_node_price_dollars_per_hour{{{place},basis="list",source="table"}}', 55.04, 0.0
        yield f"gpuyield_node_price_age_seconds{{{place}}}", 86_400.0, _STEP
    for pod in range(gpus // _GPUS_OF_POD):
        yield from _engine(
            f'cluster="prod",namespace="ns-{pod % 10}",pod="pod-{pod}",model_name="model-{pod % _MODELS}"'
        )
    for model in range(_MODELS):
        user = f'cluster="prod",namespace="ns-{model % 10}",workload="w-{model}",model="model-{model}"'
        for state in STATES:
            yield f'gpuyield_ledger_dollars_total{{{user},state="{state}",price_basis="list"}}', 0.0, 0.01
            yield f'gpuyield_ledger_accelerator_seconds_total{{{user},state="{state}"}}', 0.0, 30.0
        for kind in ("prompt", "prompt_cached", "generation"):
            yield f'gpuyield_ledger_tokens_total{{{user},kind="{kind}"}}', 0.0, 9000.0
        for bound in ("low", "high"):
            yield f'gpuyield_ledger_good_tokens_total{{{user},bound="{bound}"}}', 0.0, 8000.0


def _engine(place: str) -> Iterator[Series]:
    yield from ((f"{name}{{{place}}}", 0.5, 0.0) for name in _GAUGES)
    yield from ((f"{name}{{{place}}}", 0.0, 900.0) for name in _COUNTERS)
    for reason in ("stop", "length", "abort", "error"):
        yield f'vllm:request_success_total{{{place},finished_reason="{reason}"}}', 0.0, 1.0
    for name in _HISTOGRAMS:
        for step, bound in enumerate(_BOUNDS):
            yield f'{name}_bucket{{{place},le="{bound}"}}', 0.0, 1.0 + step
        yield f"{name}_count{{{place}}}", 0.0, float(len(_BOUNDS))
        yield f"{name}_sum{{{place}}}", 0.0, 3.0


if __name__ == "__main__":
    main()

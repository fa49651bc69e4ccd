"""Starts real Prometheus and VictoriaMetrics servers that hold what a store folder holds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

_READY_SECONDS = 60.0
# Another Prometheus beside Debian's 2.x: GPUYIELD_TEST_PROMETHEUS=/path/to/prometheus (promtool beside it).
OTHER_BINARY = "GPUYIELD_TEST_PROMETHEUS"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    url: str
    pid: int


def prometheus_binaries() -> list[str]:
    """What `prometheus` is on the PATH, and the one of the environment variable."""
    return [binary for binary in (shutil.which("prometheus"), os.environ.get(OTHER_BINARY)) if binary]


def series_of(store: Path) -> Iterator[tuple[str, dict[str, str], list[int], list[float]]]:
    """(name, labels, unix milliseconds, values) of each series; without NaN, which text cannot tell from stale."""
    con = duckdb.connect()
    con.execute(
        f"""
        SELECT s.name, s.labels, list(epoch_us(x."at") // 1000 ORDER BY x."at"), list(x.value ORDER BY x."at")
        FROM (SELECT DISTINCT series, name, labels FROM read_parquet('{store}/series/*.parquet')) AS s
        JOIN (SELECT DISTINCT series, "at", value FROM read_parquet('{store}/samples/*/*.parquet')) AS x USING (series)
        WHERE CAST(x.value AS VARCHAR) <> 'nan' GROUP BY ALL ORDER BY s.name, s.labels
        """
    )
    while row := con.fetchone():
        yield row[0], json.loads(row[1]), row[2], row[3]


Labels = dict[str, str]
# What a series becomes on its way into the server: other labels, or nothing at all.
Change = Callable[[str, Labels], Labels | None]


def _unchanged(name: str, labels: Labels) -> Labels:
    del name
    return labels


def write_openmetrics(store: Path, file: Path, change: Change = _unchanged) -> None:
    """OpenMetrics text with timestamps, as `promtool tsdb create-blocks-from` reads it."""
    with file.open("w") as out:
        for name, told, times, values in series_of(store):
            labels = change(name, told)
            if labels is None:
                continue
            text = name + "{" + ",".join(f"{label}={_quoted(value)}" for label, value in labels.items()) + "}"
            out.writelines(
                f"{text} {value!r} {at // 1000}.{at % 1000:03d}\n" for at, value in zip(times, values, strict=True)
            )
        out.write("# EOF\n")


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@contextlib.contextmanager
def prometheus(binary: str, store: Path, folder: Path, *flags: str, change: Change = _unchanged) -> Iterator[Running]:
    """A Prometheus whose blocks hold the store's samples."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "history.om"
    write_openmetrics(store, text, change)
    promtool = Path(binary).with_name("promtool")
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", text, folder / "data"],
        check=True,
        capture_output=True,
        timeout=600,
    )
    text.unlink()
    (folder / "prometheus.yml").write_text("global: {}\n")
    port = free_port()
    command = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=100y",
        "--log.level=error",
        *flags,
    ]
    with _running(command, f"http://127.0.0.1:{port}", "/-/ready", folder) as server:
        yield server


@contextlib.contextmanager
def scraping(binary: str, folder: Path, target: str, interval: str) -> Iterator[Running]:
    """A Prometheus that begins empty and scrapes one target (host:port)."""
    folder.mkdir(parents=True, exist_ok=True)
    job = {"job_name": "test", "scrape_interval": interval, "scrape_timeout": interval}
    config = {"scrape_configs": [{**job, "static_configs": [{"targets": [target]}]}]}
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    port = free_port()
    command = [
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with _running(command, f"http://127.0.0.1:{port}", "/-/ready", folder) as server:
        yield server


@contextlib.contextmanager
def victoria_metrics(store: Path, folder: Path, *flags: str) -> Iterator[Running]:
    """A VictoriaMetrics that was given the store's samples; skips where it is not installed."""
    binary = shutil.which("victoria-metrics")
    if binary is None:
        pytest.skip("victoria-metrics is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        binary,
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.latencyOffset=0s",
        "-maxLabelsPerTimeseries=60",  # vllm:cache_config_info has more than the 30 that older releases keep
        "-loggerLevel=ERROR",
        *flags,
    ]
    with _running(command, f"http://127.0.0.1:{port}", "/health", folder) as server:
        lines = (
            json.dumps({"metric": {"__name__": name, **labels}, "values": values, "timestamps": times}).encode()
            for name, labels, times, values in series_of(store)
        )
        for batch in _batches(lines, 8 << 20):
            urllib.request.urlopen(
                urllib.request.Request(f"{server.url}/api/v1/import", batch, method="POST"), timeout=60
            )
        urllib.request.urlopen(f"{server.url}/internal/force_flush", timeout=60)
        yield server


def _batches(lines: Iterator[bytes], size: int) -> Iterator[bytes]:
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if sum(map(len, held)) > size:
            yield b"\n".join(held)
            held = []
    if held:
        yield b"\n".join(held)


@contextlib.contextmanager
def _running(command: list[str], url: str, ready: str, folder: Path) -> Iterator[Running]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(url + ready, process, folder / "log")
            yield Running(url, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} did not start: {log.read_text()[-2000:]}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

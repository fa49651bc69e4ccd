"""The agent as a process, with CloudWatch behind it: what it has read is sent before it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cloudwatch_double.faults import Fault
from tests.cloudwatch_double.server import CloudWatchDouble, cloudwatch

ROOT = Path(__file__).parents[3]
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def double() -> Iterator[CloudWatchDouble]:
    with cloudwatch() as found:
        yield found


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A machine with one Elastic Fabric Adapter."""
    device = tmp_path / "sys/class/infiniband/rdmap0s31"
    for name, text in {"device/vendor": "0x1d0f", "device/device": "0xefa2", "hw_counters/rx_bytes": "5"}.items():
        (device / name).parent.mkdir(parents=True, exist_ok=True)
        (device / name).write_text(f"{text}\n")
    return tmp_path / "sys"


@contextmanager
def agent(double: CloudWatchDouble, sysfs: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and where its page is."""
    sink = f"cloudwatch:cluster=prod,region=us-east-1,endpoint={double.url}"
    command = [sys.executable, "-m", "gpuyield", "export", "node", "--node-name", "n", "--listen", "127.0.0.1:0"]
    command += ["--sources", "efa", "--sysfs", str(sysfs), "--interval", "1s", "--sink", sink, *words]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **KEYS}, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = next(filter(None, (re.search(r"msg=serving url=(\S+)", line) for line in process.stderr)))
        yield process, found[1]
    finally:
        process.kill()
        process.wait(20)
        process.stderr.close()


def results(url: str) -> dict[str, float]:
    """How many samples came to which end, by the agent's page."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=20) as answer:
        page = answer.read().decode()
    found = re.findall(r'gpuyield_sink_samples_total\{result="(\w+)",sink="cloudwatch"\} (\S+)', page)
    return {result: float(count) for result, count in found}


def wait_until_read(url: str) -> None:
    until = time.monotonic() + 30
    while not results(url).get("starting_point", results(url).get("not_mapped")):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_at_the_end_the_minute_that_was_begun_is_sent(double: CloudWatchDouble, sysfs: Path) -> None:
    with agent(double, sysfs) as (process, url):
        wait_until_read(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert [one.operation for one in double.taken][-1] == "PutLogEvents"
    assert double.extraction.errors == []
    assert any(name == "source_up" for _, name, _ in double.metrics.points)


def test_it_ends_in_time_though_cloudwatch_hangs_and_sends_the_rest_when_it_is_started_again(
    double: CloudWatchDouble, sysfs: Path, tmp_path: Path
) -> None:
    double.faults = lambda operation: Fault.HANG
    spool = ["--spool", str(tmp_path / "spool")]
    with agent(double, sysfs, *spool) as (process, url):
        wait_until_read(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert double.metrics.points == {}
    assert list((tmp_path / "spool/cloudwatch/logs").glob("*.segment"))
    double.faults = lambda operation: Fault.NONE
    with agent(double, sysfs, *spool) as (process, url):
        until = time.monotonic() + 30
        while not results(url).get("accepted"):
            assert time.monotonic() < until
            time.sleep(0.1)
    assert any(name == "source_up" for _, name, _ in double.metrics.points)

"""Five thousand nodes and fifty thousand pods: what the first listing takes, and what it stays at."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.exporters.cluster.conftest import Recording, wait_for
from tests.exporters.cluster.crowded_api import CrowdedApi, crowd

ROOT = Path(__file__).parents[3]
NODES, PODS = 5_000, 50_000
MOST_MIB = 300
STEADY_SECONDS = 12.0
SCRAPE_SECONDS = 3.0


@pytest.fixture
def api(recording: Recording) -> Iterator[CrowdedApi]:
    server = CrowdedApi(crowd(recording, NODES, PODS))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.is_stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(folder: Path, port: int) -> Path:
    content = {
        "current-context": "crowded",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "contexts": [{"name": "crowded", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(content))
    return file


def mebibytes(process: subprocess.Popen[bytes], field: str) -> float:
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def page(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        text: str = answer.read().decode()
        return text


def test_a_large_cluster_fits(api: CrowdedApi, tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("this system has no /proc")
    command = [sys.executable, "-m", "gpuyield", "export", "cluster", "--listen", "127.0.0.1:0"]
    environment = {"KUBECONFIG": str(kubeconfig(tmp_path, api.server_port)), "NO_PROXY": "127.0.0.1"}
    began = time.monotonic()
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=out)
    try:
        wait_for(lambda: "msg=serving" in log.read_text())
        url = log.read_text().partition("msg=serving url=")[2].split()[0]
        shown = ""
        while not (shown.count("\ngpuyield_node_info{") == NODES and shown.count("\ngpuyield_pod_info{") == PODS // 10):
            assert time.monotonic() - began < 300
            time.sleep(SCRAPE_SECONDS)
            shown = page(url)
        print(f"first whole page after {time.monotonic() - began:.1f} s, {api.sent_bytes / 1e6:.0f} MB read")
        cpu = cpu_seconds(process)
        time.sleep(STEADY_SECONDS)
        shown = page(url)
        used = (cpu_seconds(process) - cpu) / STEADY_SECONDS
        resident, peak = mebibytes(process, "VmRSS"), mebibytes(process, "VmHWM")
        print(f"resident {resident:.0f} MiB, peak {peak:.0f} MiB, {used:.0%} of a core, {shown.count(chr(10))} lines")
        assert peak < MOST_MIB
    finally:
        process.kill()
        process.wait(20)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100

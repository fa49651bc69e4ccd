"""A real Prometheus scrapes the agent every second, with a password, while one of its devices hangs."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.parse
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from exporters.canonical.device import accelerator_info, faults_total
from tests.exporters.agent.conftest import Card, Slots, Start, get, wait_for
from tests.real_servers import prometheus_binaries

PASSWORD = "for this test only"
BINARIES = prometheus_binaries()


def identity(uuid: str) -> dict[str, str]:
    return {**dict.fromkeys(accelerator_info.labels, ""), "uuid": uuid, "model": "NVIDIA H100 80GB HBM3"}


@pytest.mark.skipif(not BINARIES, reason="prometheus is not installed (Debian package prometheus)")
@pytest.mark.parametrize("binary", BINARIES)
def test_prometheus_scrapes_every_second(start: Start, tmp_path: Path, binary: str) -> None:
    password_hash = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  prometheus: {password_hash}\n")
    well, hung = Card("GPU-0", 0.25), Card("GPU-1")
    well.answers = [
        *(well.answers if isinstance(well.answers, list) else []),
        accelerator_info.sample(1, 0, **identity("GPU-0")),
        faults_total.sample(3, 0, uuid="GPU-0", mig="", code="79"),
    ]
    hung.go_on.clear()
    agent = start(Slots("cards", well=well, hung=hung), web_config=tmp_path / "web.yml")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    (tmp_path / "prometheus.yml").write_text(
        "scrape_configs:\n- job_name: node\n  scrape_interval: 1s\n  scrape_timeout: 1s\n"
        f"  basic_auth: {{username: prometheus, password: {PASSWORD}}}\n"
        f"  static_configs: [{{targets: ['{agent.url.removeprefix('http://')}']}}]\n"
    )
    url = f"http://127.0.0.1:{port}"
    flags = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    flags += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen([binary, *flags], stdout=log, stderr=log) as server:
        try:
            wait_for(lambda: values(url, "min_over_time(up[1h]) * count_over_time(up[1h]) > 2") != [])
            assert values(url, "gpuyield_accelerator_busy_ratio") == [0.25]
            assert values(url, 'gpuyield_accelerator_faults_total{code="79"}') == [3]
            assert values(url, 'gpuyield_accelerator_info{model="NVIDIA H100 80GB HBM3"}') == [1]
            wait_for(lambda: values(url, 'gpuyield_source_up{source="cards/hung"}') == [0])
            assert values(url, "max_over_time(scrape_duration_seconds[1h]) < 1") != []
            types = {name: one[0]["type"] for name, one in ask(url, "/api/v1/metadata").items()}
            assert types["gpuyield_accelerator_busy_ratio"] == "gauge"
            assert "counter" in (
                types.get("gpuyield_accelerator_faults_total"),
                types.get("gpuyield_accelerator_faults"),
            )
        finally:
            server.terminate()
            server.wait(30)
    hung.go_on.set()


def values(url: str, query: str) -> list[float]:
    """Of the series that the query finds; [] while the server is not there yet."""
    try:
        found = ask(url, "/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    except urllib.error.HTTPError as error:
        error.close()
        return []
    except OSError:
        return []
    return [float(one["value"][1]) for one in found["result"]]


def ask(url: str, path: str) -> Any:
    return json.loads(get(url + path))["data"]

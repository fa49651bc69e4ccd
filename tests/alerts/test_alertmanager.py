"""A real Alertmanager takes the configuration and delivers what a real Prometheus says, with dollars and runbook."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import pytest
import yaml

from alerts.dialects.alertmanager import TEMPLATE, TEMPLATE_FILE, Delivery, configuration
from alerts.dialects.prometheus import alerting_rules
from alerts.wording import Links
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from gpuyield.__main__ import main
from tests.real_servers import free_port

_PAGE = """gpuyield_node_phase{cluster="prod",node="gpu-1",phase="unhealthy"} 1
gpuyield_node_price_dollars_per_hour{cluster="prod",node="gpu-1",basis="list",source="table"} 55.04
gpuyield_accelerator_info{cluster="prod",uuid="GPU-1",mig="",node="gpu-1"} 1
gpuyield_accelerator_healthy{cluster="prod",uuid="GPU-1"} 0
gpuyield_accelerator_info{cluster="prod",uuid="GPU-2",mig="",node="gpu-2"} 1
gpuyield_accelerator_healthy{cluster="prod",uuid="GPU-2"} 0
"""
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Receiver:
    """Serves a page to Prometheus, and takes what Alertmanager sends: to /slack and to /webhook."""

    url: str
    got: Queue[tuple[str, dict[str, Any]]]

    def messages(self, count: int) -> dict[str, list[dict[str, Any]]]:
        """By path, as soon as each has so many."""
        found: dict[str, list[dict[str, Any]]] = {"/slack": [], "/webhook": []}
        until = time.monotonic() + _PATIENCE_SECONDS
        while any(len(got) < count for got in found.values()):
            assert time.monotonic() < until, f"only this came: {found}"
            with contextlib.suppress(Empty):
                path, body = self.got.get(timeout=1.0)
                found[path].append(body)
        return found


@contextlib.contextmanager
def _receiver() -> Iterator[Receiver]:
    got: Queue[tuple[str, dict[str, Any]]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(_PAGE.encode())

        def do_POST(self) -> None:
            got.put((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self._answer(b"ok")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_address[1]}", got)
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _started(command: list[str], ready: str, folder: Path) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(ready, timeout=2).close()
                break
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, (folder / "log").read_text()[-2000:]
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@contextlib.contextmanager
def _alertmanager(folder: Path, receiver: Receiver) -> Iterator[str]:
    """With our routes and inhibitions; only the waits are shorter."""
    folder.mkdir()
    (folder / "slack-url").write_text(f"{receiver.url}/slack")
    content = configuration(Delivery(str(folder / "slack-url"), webhook=f"{receiver.url}/webhook"))
    for route in (content["route"], *content["route"]["routes"]):
        route.update(group_wait="3s", group_interval="3s")
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(content))
    (folder / TEMPLATE_FILE).write_text(TEMPLATE)
    host = f"127.0.0.1:{free_port()}"
    command = [
        _program("prometheus-alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={host}",
        "--cluster.listen-address=",
    ]
    with _started(command, f"http://{host}/-/ready", folder):
        yield host


@contextlib.contextmanager
def _prometheus(folder: Path, receiver: Receiver, manager: str) -> Iterator[None]:
    """Evaluates our rules every second, without their waits."""
    folder.mkdir()
    content = alerting_rules(Scope(), Thresholds(), Links("https://docs.example.com", "https://grafana.example.com"))
    for group in content["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule.pop("for", None)
    (folder / "rules.yml").write_text(yaml.safe_dump(content))
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
        "scrape_configs": [
            {"job_name": "gpuyield", "static_configs": [{"targets": [receiver.url.removeprefix("http://")]}]}
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    host = f"127.0.0.1:{free_port()}"
    command = [
        _program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={host}",
        "--log.level=error",
    ]
    with _started(command, f"http://{host}/-/ready", folder):
        yield


def test_amtool_accepts_what_is_written(tmp_path: Path) -> None:
    amtool = _program("amtool")
    words = ["--slack-url-file", "/etc/alertmanager/slack-url", "--webhook", "http://127.0.0.1:9/"]
    assert main(["rules", "write", str(tmp_path), *words]) == 0
    told = subprocess.run(
        [amtool, "check-config", tmp_path / "alertmanager.yml"], check=True, capture_output=True, text=True
    )
    assert "2 inhibit rules" in told.stdout
    assert "1 templates" in told.stdout


@pytest.mark.parametrize(("severity", "receiver"), [("page", "gpuyield-page"), ("ticket", "gpuyield-ticket")])
def test_pages_and_tickets_go_their_ways(tmp_path: Path, severity: str, receiver: str) -> None:
    amtool = _program("amtool")
    assert main(["rules", "write", str(tmp_path)]) == 0
    told = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={tmp_path / 'alertmanager.yml'}", f"severity={severity}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == receiver


def test_a_broken_node_is_delivered_with_dollars_and_runbook_and_silences_its_devices(tmp_path: Path) -> None:
    with (
        _receiver() as receiver,
        _alertmanager(tmp_path / "manager", receiver) as manager,
        _prometheus(tmp_path / "prometheus", receiver, manager),
    ):
        found = receiver.messages(2)
    alerts = [one for body in found["/webhook"] for one in body["alerts"]]
    texts = [body["attachments"][0] for body in found["/slack"]]
    nodes = {one["labels"]["node"] for one in alerts if one["labels"]["alertname"] == "GpuyieldDeviceUnhealthy"}
    assert nodes == {"gpu-2"}
    (said,) = [one for one in texts if "GpuyieldNodeUnhealthy" in one["title"]]
    assert said["title"] == "TICKET: GpuyieldNodeUnhealthy"
    assert "node gpu-1 is broken and still paid" in said["text"]
    assert "Costs: $55.04/h" in said["text"]
    assert "Runbook: https://docs.example.com/node_unhealthy.md" in said["text"]
    assert "Board: https://grafana.example.com/d/gpuyield-fleet" in said["text"]
    (other,) = [one for one in texts if "GpuyieldDeviceUnhealthy" in one["title"]]
    assert "Costs: unknown, as no price of the node is told" in other["text"]

"""Asks for pages again and again, with a client of our own and with a real Prometheus, and keeps how long it took."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.node_agent.processes import free_port, wait_for

# What a Prometheus sends.
_HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5",
    "Accept-Encoding": "gzip",
}


class Client(Thread):
    """Scrapes one address over a connection that stays open."""

    def __init__(self, address: str, interval_seconds: float, stop: Event) -> None:
        super().__init__(daemon=True)
        self.scrapes: list[tuple[float, float]] = []  # when, unix seconds, and how long it took
        self.page = b""  # the last one, as it was sent
        self.failures = 0
        self._address, self._interval_seconds, self._stop_event = address, interval_seconds, stop

    @property
    def series(self) -> int:
        """On the last page."""
        text = gzip.decompress(self.page) if self.page else b""
        return sum(not line.startswith(b"#") for line in text.splitlines())

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=10)
        while not self._stop_event.wait(self._interval_seconds):
            at, started = time.time(), time.perf_counter()
            try:
                connection.request("GET", "/metrics", headers=_HEADERS)
                self.page = connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                self.failures += 1
                connection.close()
                continue
            self.scrapes.append((at, time.perf_counter() - started))


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A real one, which scrapes meanwhile."""

    url: str

    def values(self, query: str) -> list[tuple[Mapping[str, str], list[tuple[float, float]]]]:
        """(labels, (unix seconds, value) pairs) of each series that the query finds."""
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}") as answer:
            found: Any = json.load(answer)["data"]["result"]
        return [
            (one["metric"], [(at, float(value)) for at, value in one.get("values") or [one["value"]]]) for one in found
        ]


@contextlib.contextmanager
def prometheus(addresses: Mapping[str, str], interval_seconds: float, folder: Path) -> Iterator[Prometheus]:
    """Scrapes these addresses, by job."""
    binary = shutil.which("prometheus")
    if binary is None:
        raise RuntimeError("prometheus is not installed (Debian package prometheus)")
    folder.mkdir()
    jobs = [{"job_name": name, "static_configs": [{"targets": [address]}]} for name, address in addresses.items()]
    interval = f"{interval_seconds:g}s"
    content = {"global": {"scrape_interval": interval, "scrape_timeout": interval}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(json.dumps(content))  # JSON is YAML
    url = f"http://127.0.0.1:{free_port()}"
    command = [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address={url.removeprefix('http://')}", "--log.level=error"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            wait_for(f"{url}/-/ready")
            yield Prometheus(url)
        finally:
            server.terminate()
            server.wait(30)

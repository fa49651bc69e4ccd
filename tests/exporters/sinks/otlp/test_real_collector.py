"""A real OpenTelemetry Collector takes what is sent, where one is there: `otelcol` on the PATH, or as OTELCOL says."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from exporters.sinks.delivery.batch import Later, Transport
from exporters.sinks.otlp.encoder import Limits, OtlpEncoder
from exporters.sinks.otlp.environment import Receiver
from exporters.sinks.otlp.names import Names
from exporters.sinks.otlp.opening import Choice, Protocol, transport_of
from tests.exporters.sinks.otlp.sender import CARDS, samples_of

PATIENCE_SECONDS = 20.0
_CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{http}"}}, grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}}}
exporters: {{debug: {{verbosity: detailed}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{metrics: {{receivers: [otlp], exporters: [debug]}}}}
"""


class Collector:
    """It prints every point that it took."""

    def __init__(self, program: str, folder: Path) -> None:
        self.ports = {protocol: _free_port() for protocol in Protocol}
        self._log, config = folder / "log", folder / "config.yaml"
        config.write_text(_CONFIG.format(http=self.ports[Protocol.HTTP], grpc=self.ports[Protocol.GRPC]))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen([program, "--config", f"file:{config}"], stdout=log, stderr=log)

    def has_said(self, pattern: str) -> bool:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if re.search(pattern, self._log.read_text()):
                return True
            time.sleep(0.05)
        return False


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    program = os.environ.get("OTELCOL") or shutil.which("otelcol")
    if program is None:
        pytest.skip("no otelcol: put the OpenTelemetry Collector on the PATH, or name it in OTELCOL")
    one = Collector(program, tmp_path_factory.mktemp("collector"))
    yield one
    one.process.kill()
    one.process.wait()


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("names", Names)
def test_all_points_arrive_with_their_names(collector: Collector, protocol: Protocol, names: Names) -> None:
    assert collector.has_said("Everything is ready")
    energy = {Names.GPUYIELD: "gpuyield_accelerator_energy_joules_total", Names.CONVENTIONS: "hw[.]energy"}[names]
    mark = f"{protocol} and {names}"
    choice = Choice(f"http://127.0.0.1:{collector.ports[protocol]}", protocol, names, None, 5.0)
    encoded = OtlpEncoder({"mark": mark}, names, Limits()).add(list(samples_of(3)), 0.0)
    with closing(transport_of(choice, Receiver(), time)) as transport:
        for batch in encoded.batches:
            assert _sent(transport, batch.body) == {}
    between = "\n(?:.*\n)*?"
    assert collector.has_said(f"mark: Str.{mark}.{between}.*-> Name: {energy}{between}NumberDataPoints #{CARDS - 1}\n")


def _sent(transport: Transport, body: bytes) -> Mapping[str, int]:
    """A collector that has just started may not listen yet."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return transport.send(body)
        except Later:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port

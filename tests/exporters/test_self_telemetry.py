"""gpuyield watched through OpenTelemetry's SDK, against a receiver in a process of its own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.agent.log import Level, Log, LogFormat
from exporters.canonical import telemetry
from exporters.self_telemetry import SelfTelemetry, begin, is_wanted
from exporters.source import GpuyieldError
from tests.exporters.sinks.otlp.conftest import Told

ROOT = Path(__file__).parents[2]
SAMPLES = [
    telemetry.source_up.sample(1, 0, source="nvidia/GPU-1"),
    telemetry.source_duration_seconds.sample(0.25, 0, source="nvidia/GPU-1"),
    telemetry.sink_samples_total.sample(7, 0, sink="otlp", result="accepted"),
]
_TELL = """
import os, sys
from exporters.agent.log import Level, Log, LogFormat
from exporters.self_telemetry import begin
from tests.exporters.test_self_telemetry import SAMPLES
import time
end = begin(lambda: SAMPLES, os.environ, Log(sys.stderr, LogFormat.JSON, Level.INFO, time))
end()
"""


@pytest.fixture
def told() -> Iterator[Told]:
    one = Told()
    one.receiver.start()
    yield one
    one.receiver.stop()


@pytest.mark.parametrize(
    ("choice", "environment", "wanted"),
    [
        (None, {}, False),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        (None, {"OTEL_METRICS_EXPORTER": "otlp"}, True),
        (SelfTelemetry.OTLP, {}, True),
        (SelfTelemetry.NONE, {"OTEL_METRICS_EXPORTER": "otlp"}, False),
        (SelfTelemetry.OTLP, {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_it_is_off_until_it_is_asked_for(
    choice: SelfTelemetry | None, environment: dict[str, str], wanted: bool
) -> None:
    assert is_wanted(choice, environment) is wanted


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_sources_sinks_and_the_process_are_told_of(told: Told, protocol: str) -> None:
    endpoint = told.grpc if protocol == "grpc" else told.http
    answer = run({"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint})
    assert answer.stderr == ""
    points = {one.name: one for one in told.accepted[0]}
    assert dict(points["gpuyield.source.duration"].attributes)["source"] == "nvidia/GPU-1"
    assert points["gpuyield.source.duration"].value == 0.25
    assert dict(points["gpuyield.sink.samples"].attributes)["result"] == "accepted"
    assert dict(points["process.cpu.time"].attributes)["service.name"] == "gpuyield"
    assert "process.memory.usage" in points


def test_a_receiver_that_is_away_costs_a_line_in_the_log_and_no_secret() -> None:
    answer = run(
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=s3cret",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }
    )
    lines = [json.loads(line) for line in answer.stderr.splitlines()]
    assert [line["msg"] for line in lines] == ["self telemetry failed"]
    assert "s3cret" not in answer.stderr
    assert "127.0.0.1" not in answer.stderr


def test_a_protocol_that_is_not_known_is_refused() -> None:
    log = Log(io.StringIO(), LogFormat.JSON, Level.INFO, time)
    with pytest.raises(GpuyieldError, match="http/protobuf, grpc"):
        begin(list, {"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier-pigeon"}, log)


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    settings = {"PYTHONPATH": str(ROOT), "GRPC_VERBOSITY": "ERROR", **environment}
    return subprocess.run([sys.executable, "-c", _TELL], env=settings, capture_output=True, text=True, timeout=60)

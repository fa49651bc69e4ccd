"""The sink as it is chosen by --sink, from samples to a receiver."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from exporters.canonical.device import busy_ratio, energy_joules_total
from exporters.canonical.telemetry import sink_samples_total, telemetry_dollars_per_month
from exporters.metric import Sample
from exporters.sinks.kind import Around, Origin
from exporters.sinks.kinds.otlp import kind
from exporters.sinks.options import parse_sink
from exporters.sinks.otlp.sink import OtlpSink
from exporters.sinks.sink import SinkFailed
from tests.exporters.sinks.otlp.conftest import Told
from tests.exporters.sinks.otlp.receiver import Fault

ROOT = Path(__file__).parents[4]
NODE = Origin("node-1", "i-0abc", "p5.48xlarge")
CLOUDWATCH = "https://monitoring.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,host.type=p5e.48xlarge")
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)


def sink_of(text: str, spool: Path | None = None) -> OtlpSink:
    made = kind.make(parse_sink(text).values, Around(NODE, spool, time, "otlp"))
    assert isinstance(made, OtlpSink)
    return made


def samples(cards: int = 8) -> list[Sample]:
    now = time.time()
    return [
        sample
        for card in range(cards)
        for sample in (
            busy_ratio.sample(0.5, now, uuid=f"GPU-{card}", mig=""),
            energy_joules_total.sample(1_000.0, now, uuid=f"GPU-{card}"),
        )
    ]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_is_sent_arrives_with_who_sent_it(told: Told, protocol: str, tmp_path: Path) -> None:
    told.faults.append(Fault.UNAVAILABLE)
    endpoint = told.http if protocol == "http" else told.grpc
    sink = sink_of(f"otlp:endpoint={endpoint},protocol={protocol},names=conventions", tmp_path / "spool")
    sink.send(samples())
    sink.close(20)
    (points,) = told.accepted
    assert {one.name for one in points} == {"hw.gpu.utilization", "hw.energy"}
    place = dict(points[0].attributes)
    assert (place["k8s.node.name"], place["host.id"]) == ("node-1", "i-0abc")
    assert (place["deployment.environment.name"], place["host.type"]) == ("prod", "p5e.48xlarge")
    results = [one for one in sink.about(0.0) if one.metric is sink_samples_total]
    assert [(dict(one.labels)["result"], one.value) for one in results] == [("accepted", 16)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("otlp:endpoint=collector:4318", "http://HOST:PORT"),
        ("otlp:endpoint=http://me:s3cret@collector:4318", "no user and password"),
        ("otlp:protocol=udp", "http, grpc"),
        ("otlp:names=mine", "gpuyield, conventions"),
    ],
)
def test_a_wrong_word_is_refused_and_no_secret_is_told(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_sink(text)
    assert "s3cret" not in str(caught.value)


def test_cloudwatch_over_grpc_is_refused_at_the_start() -> None:
    with pytest.raises(SinkFailed, match="no gRPC"):
        sink_of(f"otlp:endpoint={CLOUDWATCH},protocol=grpc")


def test_a_certificate_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/ca.pem")
    for protocol in ("http", "grpc"):
        with pytest.raises(SinkFailed, match=r"CERTIFICATE|ca\.pem"):
            sink_of(f"otlp:endpoint=https://localhost:1,protocol={protocol}")


def test_a_plan_says_what_a_month_would_be(told: Told) -> None:
    plan = sink_of(f"otlp:endpoint={CLOUDWATCH}").plan(samples(), 30.0)
    assert plan.series == 16
    assert plan.requests_per_hour == 120
    assert plan.dollars_per_month == pytest.approx(plan.gigabytes_per_month * 0.50)
    # 16 points, each about 200 bytes with its resource, 86,400 times a month or so.
    assert 0.15 < plan.gigabytes_per_month < 0.45
    elsewhere = sink_of(f"otlp:endpoint={told.http}").plan(samples(), 30.0)
    assert elsewhere.dollars_per_month is None
    assert any("not known" in note for note in elsewhere.notes)


def test_what_another_receiver_costs_is_not_told(told: Told) -> None:
    sink = sink_of(f"otlp:endpoint={told.http}")
    sink.send(samples())
    sink.close(20)
    assert not [one for one in sink.about(0.0) if one.metric is telemetry_dollars_per_month]


def test_help_loads_no_library_of_opentelemetry() -> None:
    code = (
        "import sys; from exporters.sinks.options import describe_sinks; assert 'otlp' in describe_sinks();"
        "assert not [name for name in sys.modules if name.partition('.')[0] in ('opentelemetry', 'grpc', 'botocore')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)

"""What each answer of a receiver means, over HTTP and over gRPC."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from exporters.canonical.device import busy_ratio
from exporters.sinks.delivery.batch import Batch, Later, Refused
from exporters.sinks.otlp.answers import rejected_samples, seconds_of, wait_of
from exporters.sinks.otlp.encoder import Limits, OtlpEncoder
from exporters.sinks.otlp.grpc import GrpcTransport
from exporters.sinks.otlp.http import HttpTransport
from exporters.sinks.otlp.names import Names
from tests.exporters.sinks.otlp.conftest import PATIENCE_SECONDS, Told
from tests.exporters.sinks.otlp.receiver import Fault
from tests.exporters.sinks.otlp.test_histograms import parts

AT = 1_790_000_000.0
SECRET = "s3cret"
Open = Callable[[], HttpTransport | GrpcTransport]


def batch(count: int = 6) -> Batch:
    samples = [busy_ratio.sample(0.5, AT, uuid=f"GPU-{card}", mig="") for card in range(count)]
    return OtlpEncoder({}, Names.GPUYIELD, Limits()).add(samples, AT).batches[0]


@pytest.fixture(params=["http", "grpc"])
def transport(request: pytest.FixtureRequest, told: Told) -> Iterator[HttpTransport | GrpcTransport]:
    headers = {"Authorization": f"Bearer {SECRET}"}
    made = (
        HttpTransport(f"{told.http}/v1/metrics", PATIENCE_SECONDS, time, headers=headers)
        if request.param == "http"
        else GrpcTransport(told.grpc.removeprefix("http://"), PATIENCE_SECONDS, headers=headers)
    )
    with closing(made):
        yield made


def test_what_is_accepted_is_not_rejected(transport: HttpTransport | GrpcTransport, told: Told) -> None:
    assert transport.send(batch().body) == {}
    assert [len(points) for points in told.accepted] == [6]


def test_a_partial_success_counts_what_it_rejects(transport: HttpTransport | GrpcTransport, told: Told) -> None:
    told.faults.append(Fault.PARTIAL)
    assert transport.send(batch().body) == {"rejected": 2}


def test_a_receiver_that_throttles_says_when_to_come_again(
    transport: HttpTransport | GrpcTransport, told: Told
) -> None:
    told.faults.append(Fault.THROTTLED)
    with pytest.raises(Later) as caught:
        transport.send(batch().body)
    assert caught.value.after_seconds == 2.0


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.HANG, Fault.CUT, Fault.FORBIDDEN])
def test_what_may_pass_is_tried_again(transport: HttpTransport | GrpcTransport, told: Told, fault: Fault) -> None:
    told.faults.append(fault)
    with pytest.raises(Later) as caught:
        transport.send(batch().body)
    assert SECRET not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert transport.send(batch().body) == {}


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.TOO_LARGE])
def test_a_final_refusal_is_not_tried_again(transport: HttpTransport | GrpcTransport, told: Told, fault: Fault) -> None:
    told.faults.append(fault)
    with pytest.raises(Refused) as caught:
        transport.send(batch().body)
    assert caught.value.reason in ("refused", "too_large")
    assert SECRET not in str(caught.value)


def test_a_receiver_that_is_not_there_is_waited_for(told: Told) -> None:
    told.receiver.stop()
    for made in (
        HttpTransport(f"{told.http}/v1/metrics", 1.0, time),
        GrpcTransport(told.grpc.removeprefix("http://"), 1.0),
    ):
        with closing(made), pytest.raises(Later):
            made.send(batch().body)
    told.receiver = Told().receiver  # the fixture stops it
    told.receiver.start()


def test_what_is_sent_over_http_says_what_it_is(told: Told) -> None:
    with closing(HttpTransport(f"{told.http}/v1/metrics", 5.0, time, headers={"x-team": "ml"})) as made:
        made.send(batch().body)
    (headers,) = told.receiver.headers
    assert headers["content-type"] == "application/x-protobuf"
    assert headers["content-encoding"] == "gzip"
    assert headers["x-team"] == "ml"


def test_rejected_histograms_count_the_samples_they_were_made_of() -> None:
    samples = [*parts([1, 2, 3]), *parts([4, 5, 6], pod="q")]
    body = OtlpEncoder({}, Names.GPUYIELD, Limits()).add(samples, AT).batches[0].body
    response = ExportMetricsServiceResponse()
    response.partial_success.rejected_data_points = 1
    assert rejected_samples(body, response) == {"rejected": 5}
    response.partial_success.rejected_data_points = 1_000
    assert rejected_samples(body, response) == {"rejected": 10}


def test_a_message_without_a_count_is_a_warning() -> None:
    response = ExportMetricsServiceResponse()
    response.partial_success.error_message = "names with dots are old-fashioned"
    assert rejected_samples(batch().body, response) == {}


def test_retry_after_is_a_number_or_a_date_and_never_an_hour() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()
    assert seconds_of("7", now) == 7
    assert seconds_of("Tue, 24 Nov 2026 12:00:30 GMT", now) == 30
    assert seconds_of("Tue, 24 Nov 2026 11:00:00 GMT", now) == 0
    assert seconds_of("99999999", now) == 600
    assert seconds_of("soon", now) is None
    assert seconds_of(None, now) is None
    assert wait_of(float("nan")) == 0

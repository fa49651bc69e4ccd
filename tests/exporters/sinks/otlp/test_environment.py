"""Where the receiver is."""

from __future__ import annotations

import pytest

from exporters.sinks.otlp.environment import Receiver, cloudwatch_region, grpc_target, http_url, receiver_of


@pytest.mark.parametrize(
    ("endpoint", "environment", "url"),
    [
        (None, {}, "http://localhost:4318/v1/metrics"),
        ("http://c:4318", {}, "http://c:4318/v1/metrics"),
        ("http://c:4318/", {}, "http://c:4318/v1/metrics"),
        ("http://c/otlp/v1/metrics", {}, "http://c/otlp/v1/metrics"),
        (None, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/otlp"}, "http://c:4318/otlp/v1/metrics"),
        (None, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/mine"}, "http://c:4318/mine"),
        ("http://d:1", {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/mine"}, "http://d:1/v1/metrics"),
    ],
)
def test_what_is_asked_for_goes_before_the_environment(
    endpoint: str | None, environment: dict[str, str], url: str
) -> None:
    assert http_url(endpoint, receiver_of(environment)) == url


def test_a_grpc_target_speaks_tls_where_the_address_says_so() -> None:
    assert grpc_target(None, Receiver()) == ("localhost:4317", False)
    assert grpc_target("https://c:4317", Receiver()) == ("c:4317", True)
    assert grpc_target(None, receiver_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"})) == ("c:4317", False)


def test_headers_are_read_as_the_specification_writes_them_and_never_shown() -> None:
    receiver = receiver_of({"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20s3cret, x-team = ml,"})
    assert receiver.headers == {"authorization": "Bearer s3cret", "x-team": "ml"}
    assert "s3cret" not in repr(receiver)


def test_the_metrics_own_variable_goes_before_the_general_one() -> None:
    told = {"OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "b=2"}
    assert receiver_of(told).headers == {"b": "2"}


def test_cloudwatch_is_known_by_its_name() -> None:
    assert cloudwatch_region("https://monitoring.eu-central-1.amazonaws.com/v1/metrics") == "eu-central-1"
    assert cloudwatch_region("https://monitoring.eu-central-1.amazonaws.com.evil.example/v1/metrics") is None
    assert cloudwatch_region("http://localhost:4318/v1/metrics") is None

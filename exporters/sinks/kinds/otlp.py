"""--sink otlp: a collector of OpenTelemetry, and CloudWatch's OTLP endpoint."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from exporters.recording.duration import parse_duration
from exporters.sinks.kind import Around, Key, SinkKind
from exporters.sinks.sink import PushSink, SinkFailed


def _endpoint(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("write http://HOST:PORT or https://HOST:PORT")
    if url.username or url.password:
        raise ValueError(
            "no user and password in it: arguments are read by many. OTEL_EXPORTER_OTLP_HEADERS can hold one"
        )
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def _make(values: Mapping[str, Any], around: Around) -> PushSink:
    try:
        return _made(values, around)
    except ImportError as error:
        extra = "aws" if str(error.name).startswith("boto") else "otel"
        raise SinkFailed(f"otlp: the module {error.name} is missing: pip install 'gpuyield[{extra}]'") from None


def _made(values: Mapping[str, Any], around: Around) -> PushSink:
    from exporters.sinks.otlp.environment import receiver_of
    from exporters.sinks.otlp.names import Names
    from exporters.sinks.otlp.opening import Choice, Protocol
    from exporters.sinks.otlp.sink import OtlpSink

    choice = Choice(
        endpoint=values["endpoint"],
        protocol=Protocol(values["protocol"]),
        names=Names(values["names"]),
        is_signed=None if values["auth"] is None else values["auth"] == "sigv4",
        timeout_seconds=values["timeout"],
    )
    return OtlpSink(choice, receiver_of(os.environ), around)


kind = SinkKind(
    "an OpenTelemetry receiver; the OTEL_EXPORTER_OTLP_... and OTEL_RESOURCE_ATTRIBUTES of the environment are heeded",
    {
        "endpoint": Key(
            "URL", "where it is; without it, as the environment says, else a collector on this machine", _endpoint
        ),
        "protocol": Key("http|grpc", "over what", _one_of("http", "grpc"), "http"),
        "names": Key(
            "gpuyield|conventions",
            "as on the page, or by OpenTelemetry's conventions where they have one (hw.gpu.*, gen_ai.*, k8s.*)",
            _one_of("gpuyield", "conventions"),
            "gpuyield",
        ),
        "auth": Key(
            "sigv4|none", "AWS's signature; without it, where the endpoint is CloudWatch's", _one_of("sigv4", "none")
        ),
        "timeout": Key("TIME", "for one request", parse_duration, 10.0),
    },
    _make,
)

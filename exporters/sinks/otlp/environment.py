"""Where the receiver is, by what was asked for and by the environment variables that every program with OTLP reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PREFIX = "OTEL_EXPORTER_OTLP_"
_PATH = "/v1/metrics"
_CLOUDWATCH = re.compile(r"monitoring\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Headers may be secrets: they are not shown. None, or empty: the environment does not say."""

    base_url: str | None = None
    metrics_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: Path | None = None
    client_key: Path | None = None
    client_certificate: Path | None = None


def receiver_of(environment: Mapping[str, str]) -> Receiver:
    def told(name: str) -> str | None:
        return environment.get(f"{_PREFIX}METRICS_{name}") or environment.get(_PREFIX + name) or None

    def file(name: str) -> Path | None:
        return Path(text) if (text := told(name)) else None

    return Receiver(
        environment.get(f"{_PREFIX}ENDPOINT") or None,
        environment.get(f"{_PREFIX}METRICS_ENDPOINT") or None,
        _headers(told("HEADERS") or ""),
        file("CERTIFICATE"),
        file("CLIENT_KEY"),
        file("CLIENT_CERTIFICATE"),
    )


def http_url(endpoint: str | None, receiver: Receiver) -> str:
    """Where to post. An address without a path gets the usual one; that of the metrics' own variable is whole."""
    if endpoint is None and receiver.metrics_url is not None:
        return receiver.metrics_url
    url = (endpoint or receiver.base_url or "http://localhost:4318").rstrip("/")
    has_path = "/" in url.partition("://")[2]
    return url if endpoint is not None and has_path else url + _PATH


def grpc_target(endpoint: str | None, receiver: Receiver) -> tuple[str, bool]:
    """HOST:PORT, and whether it speaks TLS."""
    url = endpoint or receiver.metrics_url or receiver.base_url or "http://localhost:4317"
    scheme, _, rest = url.rpartition("://")
    return rest.partition("/")[0], scheme == "https"


def cloudwatch_region(url: str) -> str | None:
    """None where this is not CloudWatch."""
    match = _CLOUDWATCH.fullmatch(urlsplit(url).hostname or "")
    return match[1] if match else None


def _headers(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}

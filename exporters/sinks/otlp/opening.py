"""Opens the way to a receiver: where to, over what, with whose word for it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx2

from exporters.agent.clock import Clock
from exporters.kubelet.grpc_library import grpc_library
from exporters.sinks.otlp.environment import Receiver, cloudwatch_region, grpc_target, http_url
from exporters.sinks.otlp.grpc import GrpcTransport
from exporters.sinks.otlp.http import HttpTransport
from exporters.sinks.otlp.names import Names
from exporters.sinks.sink import SinkFailed


class Protocol(StrEnum):
    """Over what OTLP travels."""

    HTTP = "http"
    GRPC = "grpc"


@dataclass(frozen=True, slots=True)
class Choice:
    """What people can set. `endpoint` None: the environment says; `is_signed` None: where the endpoint is AWS's."""

    endpoint: str | None
    protocol: Protocol
    names: Names
    is_signed: bool | None
    timeout_seconds: float


def is_charged(choice: Choice, receiver: Receiver) -> bool:
    """Whether it is CloudWatch, which takes money for it."""
    return choice.protocol is Protocol.HTTP and cloudwatch_region(http_url(choice.endpoint, receiver)) is not None


def transport_of(choice: Choice, receiver: Receiver, clock: Clock) -> HttpTransport | GrpcTransport:
    """Raises SinkFailed where the settings cannot work."""
    if choice.protocol is Protocol.GRPC:
        target, is_secure = grpc_target(choice.endpoint, receiver)
        if choice.is_signed or cloudwatch_region(f"https://{target}"):
            raise SinkFailed("otlp: CloudWatch takes no gRPC; leave protocol= out")
        credentials = _credentials(receiver) if is_secure else None
        return GrpcTransport(target, choice.timeout_seconds, headers=receiver.headers, credentials=credentials)
    url = http_url(choice.endpoint, receiver)
    return HttpTransport(
        url,
        choice.timeout_seconds,
        clock,
        headers=receiver.headers,
        auth=_signing(choice, url),
        tls=_tls(receiver, url),
    )


def _signing(choice: Choice, url: str) -> httpx2.Auth | None:
    region = cloudwatch_region(url)
    if not (region if choice.is_signed is None else choice.is_signed):
        return None
    from exporters.sinks.otlp.sigv4 import SigV4  # it needs botocore, which others do without

    return SigV4(region)


def _tls(receiver: Receiver, url: str) -> ssl.SSLContext | None:
    if not url.startswith("https://") or not (receiver.certificate or receiver.client_certificate):
        return None
    try:
        context = ssl.create_default_context(cafile=receiver.certificate)
        if receiver.client_certificate:
            context.load_cert_chain(receiver.client_certificate, receiver.client_key)
    except OSError as error:  # ssl.SSLError is one
        raise SinkFailed(f"otlp: the files of OTEL_EXPORTER_OTLP_..CERTIFICATE do not work: {error.strerror}") from None
    return context


def _credentials(receiver: Receiver) -> Any:
    return grpc_library().ssl_channel_credentials(
        root_certificates=_read(receiver.certificate),
        private_key=_read(receiver.client_key),
        certificate_chain=_read(receiver.client_certificate),
    )


def _read(file: Path | None) -> bytes | None:
    try:
        return file.read_bytes() if file else None
    except OSError as error:
        raise SinkFailed(f"otlp: {file} cannot be read: {error.strerror}") from None

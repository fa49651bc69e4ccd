"""Sends one request as OTLP over gRPC, and reads what the answer says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from exporters.kubelet.grpc_library import grpc_library
from exporters.sinks.delivery.batch import Later, Refused
from exporters.sinks.otlp.answers import REFUSED, rejected_samples, wait_of

_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
_STATUS = "grpc-status-details-bin"
_COME_AGAIN = frozenset({"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"})
_RIGHTS = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})  # can be mended while the request waits
# The library waits up to two minutes before it connects again, and fails every call meanwhile; our own delivery waits.
_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 500), ("grpc.max_reconnect_backoff_ms", 5_000))


class GrpcTransport:
    """Over one channel. `target` is HOST:PORT; `credentials` None: without TLS."""

    def __init__(
        self,
        target: str,
        timeout_seconds: float,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: Any | None = None,  # grpc.ChannelCredentials; the library has no types
    ) -> None:
        self._grpc = grpc_library()
        self._timeout_seconds = timeout_seconds
        self._metadata = tuple((name.lower(), value) for name, value in (headers or {}).items())
        options = {"options": _OPTIONS, "compression": self._grpc.Compression.Gzip}
        self._channel = (
            self._grpc.insecure_channel(target, **options)
            if credentials is None
            else self._grpc.secure_channel(target, credentials, **options)
        )
        self._export = self._channel.unary_unary(
            _METHOD, request_serializer=None, response_deserializer=ExportMetricsServiceResponse.FromString
        )

    def send(self, body: bytes) -> Mapping[str, int]:
        try:
            response = self._export(body, timeout=self._timeout_seconds, metadata=self._metadata)
        except self._grpc.RpcError as error:
            raise _meaning(error) from None
        return rejected_samples(body, response)

    def close(self) -> None:
        self._channel.close()


def _meaning(error: Any) -> Later | Refused:
    code, wait = error.code().name, _asked_wait(error)
    # A receiver that is overloaded says when to come again; without that, the request itself is too much for it.
    if code in _COME_AGAIN or (code == "RESOURCE_EXHAUSTED" and wait is not None):
        return Later(f"gRPC status {code}", wait)
    if code in _RIGHTS:
        return Later(f"gRPC status {code}: the receiver wants other credentials")
    return Refused(REFUSED, f"the receiver refuses with gRPC status {code}")


def _asked_wait(error: Any) -> float | None:
    """Seconds, from the RetryInfo in the status' details."""
    details = dict(error.trailing_metadata() or ()).get(_STATUS, b"")
    info = RetryInfo()
    try:
        if any(one.Unpack(info) for one in Status.FromString(details).details):
            return wait_of(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    except DecodeError:
        return None
    return None

"""An OTLP receiver over HTTP and gRPC that misbehaves as its plan says, and notes each point that it accepted.

As a process of its own: `receiver.py LOG SEED`; it prints its two addresses. It decodes with OpenTelemetry's own
protocol files and knows nothing of gpuyield.
"""

from __future__ import annotations

import gzip
import json
import random
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any
from zlib import crc32

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

_HANG_SECONDS = 0.3
_METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


class Fault(StrEnum):
    """What a request meets. ..._ACCEPTED: the points are accepted, and the answer does not arrive."""

    NONE = "none"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    TOO_LARGE = "too large"
    HANG = "hang"
    HANG_ACCEPTED = "hang accepted"
    CUT = "cut"
    CUT_ACCEPTED = "cut accepted"
    PARTIAL = "partial"  # every third point is not taken


_KEEPS = frozenset({Fault.NONE, Fault.HANG_ACCEPTED, Fault.CUT_ACCEPTED, Fault.PARTIAL})
_HTTP = {Fault.THROTTLED: 429, Fault.UNAVAILABLE: 503, Fault.REFUSED: 400, Fault.FORBIDDEN: 403, Fault.TOO_LARGE: 413}
_WEIGHTS = {
    Fault.NONE: 45,
    Fault.THROTTLED: 30,
    Fault.UNAVAILABLE: 10,
    Fault.HANG: 1,
    Fault.HANG_ACCEPTED: 1,
    Fault.CUT: 4,
    Fault.CUT_ACCEPTED: 4,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """One point: name, attributes of resource and point, nanoseconds, and how many of Prometheus' samples it holds."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    at: int
    start: int
    samples: int
    value: float


def seeded(seed: int) -> Callable[[bytes], Fault]:
    """By chance; but what is refused, wholly or in part, is refused whenever it comes."""
    chance = random.Random(seed)

    def fault_of(body: bytes) -> Fault:
        fault = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        lot = crc32(body) % 40
        if fault in _KEEPS and lot < 3:
            return Fault.REFUSED if lot == 0 else Fault.PARTIAL
        return fault

    return fault_of


class Receiver:
    """`fault_of` gives the fault of each request; `note` is told of what was accepted."""

    def __init__(
        self, fault_of: Callable[[bytes], Fault], note: Callable[[list[Accepted]], None], hang_seconds: float
    ) -> None:
        self._hang_seconds, self._is_over = hang_seconds, Event()
        self._fault_of, self._note, self._lock = fault_of, note, Lock()
        self.headers: list[dict[str, str]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._grpc = grpc.server(ThreadPoolExecutor(8))
        self._grpc.add_generic_rpc_handlers([_Method(self._export)])
        self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")
        self.http_port = self._http.server_address[1]

    def secure(self, context: ssl.SSLContext, certificate: Path, key: Path) -> int:
        """Before the start: HTTP speaks TLS, and so does a second gRPC port, which is given back. Clients show
        certificates of the same authority."""
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        pair = key.read_bytes(), certificate.read_bytes()
        credentials = grpc.ssl_server_credentials([pair], certificate.read_bytes(), True)
        return int(self._grpc.add_secure_port("127.0.0.1:0", credentials))

    def start(self) -> None:
        self._grpc.start()
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._is_over.set()
        self._grpc.stop(0).wait()
        self._http.shutdown()
        self._http.server_close()

    def take(self, body: bytes) -> tuple[Fault, bytes]:
        """The fault of this request, and the answer where there is one."""
        points = list(points_of(ExportMetricsServiceRequest.FromString(body)))
        with self._lock:
            fault = self._fault_of(body)
            kept = [one for number, one in enumerate(points) if fault is not Fault.PARTIAL or number % 3]
            if fault in _KEEPS:
                self._note(kept)
        answer = ExportMetricsServiceResponse()
        answer.partial_success.rejected_data_points = len(points) - len(kept)
        if fault in (Fault.HANG, Fault.HANG_ACCEPTED):
            self._is_over.wait(self._hang_seconds)
        return fault, answer.SerializeToString()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
                data = self.rfile.read(int(self.headers["Content-Length"]))
                assert (self.path, self.headers["Content-Type"]) == ("/v1/metrics", "application/x-protobuf")
                is_gzip = self.headers["Content-Encoding"] == "gzip"
                fault, answer = receiver.take(gzip.decompress(data) if is_gzip else data)
                if fault in (Fault.CUT, Fault.CUT_ACCEPTED):
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response(_HTTP.get(fault, 200))
                if fault is Fault.THROTTLED:
                    self.send_header("Retry-After", "2")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with suppress(OSError):  # who waits no longer has hung up
                    self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the library
                pass

        return Handler

    def _export(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        fault, answer = self.take(body)
        if fault is Fault.THROTTLED:
            wait = any_pb2.Any()
            wait.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2)))
            status = status_pb2.Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], details=[wait])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slower")
        if fault in (Fault.UNAVAILABLE, Fault.CUT, Fault.CUT_ACCEPTED):
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        if fault is Fault.REFUSED:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        if fault is Fault.FORBIDDEN:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you")
        if fault is Fault.TOO_LARGE:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "more than 4 MiB")
        return answer


class _Method(grpc.GenericRpcHandler):  # type: ignore[misc]  # the library has no types
    def __init__(self, export: Callable[[bytes, Any], bytes]) -> None:
        self._export = grpc.unary_unary_rpc_method_handler(export)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return self._export if details.method == _METHOD else None


def points_of(request: ExportMetricsServiceRequest) -> Iterator[Accepted]:
    for resource in request.resource_metrics:
        place = [(one.key, one.value.string_value) for one in resource.resource.attributes]
        for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
            for point in (*metric.gauge.data_points, *metric.sum.data_points):
                own = place + [(one.key, one.value.string_value) for one in point.attributes]
                at, start = point.time_unix_nano, point.start_time_unix_nano
                yield Accepted(metric.name, tuple(sorted(own)), at, start, 1, point.as_double or point.as_int)
            for whole in metric.histogram.data_points:
                assert whole.count == sum(whole.bucket_counts)
                own = place + [(one.key, one.value.string_value) for one in whole.attributes]
                samples = len(whole.bucket_counts) + 2
                at, start = whole.time_unix_nano, whole.start_time_unix_nano
                yield Accepted(metric.name, tuple(sorted(own)), at, start, samples, whole.sum)


def main() -> None:
    log, seed = Path(sys.argv[1]), int(sys.argv[2])
    with log.open("a", encoding="utf-8") as file:

        def note(points: list[Accepted]) -> None:
            for one in points:
                told = [one.name, one.attributes, one.at, one.start, one.samples, one.value]
                file.write(json.dumps(told) + "\n")
            file.flush()

        receiver = Receiver(seeded(seed), note, _HANG_SECONDS)
        receiver.start()
        print(f"http://127.0.0.1:{receiver.http_port} http://127.0.0.1:{receiver.grpc_port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

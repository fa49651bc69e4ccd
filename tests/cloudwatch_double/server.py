"""CloudWatch and CloudWatch Logs over HTTP, as strict as their documents: boto3 talks to it by `endpoint_url`.

More operations are added by name: `double.operations["PutMetricAlarm"] = function of the request to the answer`.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from tests.cloudwatch_double import cbor
from tests.cloudwatch_double.embedded import Extraction
from tests.cloudwatch_double.faults import TAKEN_UNSAID, Fault, FaultPlan, no_faults
from tests.cloudwatch_double.log_store import LogStore
from tests.cloudwatch_double.metric_store import MetricStore
from tests.cloudwatch_double.refusal import ServiceError, check

_REQUEST_BYTES = 1_048_576
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[\w/+]+/\d{8}/[\w-]+/(?P<service>monitoring|logs)/aws4_request, "
    r"SignedHeaders=(?P<headers>[\w;-]+), Signature=[0-9a-f]{64}"
)
_CBOR_PATH = re.compile(r"/service/GraniteServiceVersion20100801/operation/(\w+)")
_CBOR, _JSON = "application/cbor", "application/x-amz-json-1.1"
_HANG_SECONDS = 30.0
Operation = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """What came, and what became of it."""

    operation: str
    body: dict[str, Any]
    wire_bytes: int
    fault: Fault
    error: str = ""

    @property
    def was_taken(self) -> bool:
        return not self.error and (self.fault is Fault.NONE or self.fault in TAKEN_UNSAID)


class CloudWatchDouble:
    """`now` is unix seconds: what is too old or too new is so by this clock."""

    def __init__(self, now: Callable[[], float] = time.time, faults: FaultPlan = no_faults) -> None:
        self.metrics = MetricStore(now)
        self.extraction = Extraction(self.metrics)
        self.logs = LogStore(now, self.extraction)
        self.faults = faults
        self.requests: list[Request] = []
        self.operations: dict[str, Operation] = {
            "PutMetricData": self.metrics.put_metric_data,
            "GetMetricData": self.metrics.get_metric_data,
            "CreateLogGroup": self.logs.create_log_group,
            "CreateLogStream": self.logs.create_log_stream,
            "PutLogEvents": self.logs.put_log_events,
        }
        self.let_go = Event()
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def taken(self) -> list[Request]:
        """Requests whose data the service has."""
        return [request for request in self.requests if request.was_taken]

    def __enter__(self) -> CloudWatchDouble:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, operation: str, body: dict[str, Any], wire_bytes: int) -> tuple[Fault, dict[str, Any]]:
        """One request at a time. Raises ServiceError for what is refused, or planned to be."""
        with self._lock:
            fault = self.faults(operation)
            try:
                check(operation in self.operations, f"{operation} is not served here", "UnknownOperationException")
                if fault is Fault.THROTTLE:
                    raise ServiceError("ThrottlingException", "Rate exceeded")
                if fault is Fault.ERROR:
                    raise ServiceError("InternalServiceFault", "an error inside", 500)
                answer = self.operations[operation](body) if fault in {Fault.NONE, *TAKEN_UNSAID} else {}
            except ServiceError as error:
                self.requests.append(Request(operation, body, wire_bytes, fault, error.code))
                raise
            self.requests.append(Request(operation, body, wire_bytes, fault))
        if fault is Fault.ERROR_AFTER:
            raise ServiceError("InternalServiceFault", "an error inside", 500)
        return fault, answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], double: CloudWatchDouble) -> None:
        super().__init__(address, _Handler)
        self.double = double

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The client went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            operation, request = self._request(body)
            fault, answer = self.server.double.answer(operation, request, len(body))
        except ServiceError as error:
            self._send(error.status, {"__type": error.code, "message": str(error)})
            return
        if fault in (Fault.HANG, Fault.HANG_AFTER):
            self.server.double.let_go.wait(_HANG_SECONDS)
        if fault is not Fault.NONE:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._send(200, answer)

    def _request(self, body: bytes) -> tuple[str, dict[str, Any]]:
        match = _SIGNED.fullmatch(self.headers.get("Authorization", ""))
        check(match is not None, "the request is not signed", "MissingAuthenticationTokenException")
        assert match is not None
        signed = set(match["headers"].split(";"))
        check({"host", "x-amz-date"} <= signed, "host and x-amz-date must be signed", "InvalidSignatureException")
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        check(len(body) <= _REQUEST_BYTES * 2 if match["service"] == "logs" else len(body) <= _REQUEST_BYTES,
              f"the body has {len(body)} bytes", "RequestEntityTooLargeException")  # fmt: skip
        if cbor_path := _CBOR_PATH.fullmatch(self.path):
            check(self.headers.get("smithy-protocol") == "rpc-v2-cbor", "smithy-protocol is missing")
            return cbor_path[1], cbor.loads(body) if body else {}
        target = self.headers.get("X-Amz-Target", "")
        check("." in target, "X-Amz-Target is missing", "UnknownOperationException")
        return target.rpartition(".")[2], json.loads(body)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        is_cbor = _CBOR_PATH.fullmatch(self.path) is not None
        body = cbor.dumps(answer) if is_cbor else json.dumps(answer, default=_json).encode()
        self.send_response(status)
        self.send_header("Content-Type", _CBOR if is_cbor else _JSON)
        if is_cbor:
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("x-amzn-RequestId", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nobody reads it."""


def _json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)


@contextlib.contextmanager
def cloudwatch(now: Callable[[], float] = time.time, faults: FaultPlan = no_faults) -> Iterator[CloudWatchDouble]:
    with CloudWatchDouble(now, faults) as double:
        yield double

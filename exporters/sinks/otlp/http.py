"""Sends one request as OTLP over HTTP (protobuf, gzip), and reads what the answer says of it."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Mapping

import httpx2
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from exporters.agent.clock import Clock
from exporters.http_text import reason
from exporters.sinks.delivery.batch import Later, Refused
from exporters.sinks.otlp.answers import REFUSED, TOO_LARGE, rejected_samples, seconds_of

_COME_AGAIN = frozenset({429, 502, 503, 504})  # all other errors are final, says the protocol
_RIGHTS = frozenset({401, 403})  # but these can be mended while the request waits: a key that ran out, a missing right
_TOO_LARGE = 413
_ANSWER_BYTES = 1 << 20
_GZIP_LEVEL = 4


class HttpTransport:
    """Over a connection that is kept. What it raises quotes neither URL, header nor answer: they may hold secrets."""

    def __init__(
        self,
        url: str,
        timeout_seconds: float,
        clock: Clock,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx2.Auth | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._client = httpx2.Client(
            verify=tls if tls is not None else True,
            timeout=timeout_seconds,
            auth=auth,
            headers={
                "Content-Type": "application/x-protobuf",
                "Content-Encoding": "gzip",
                "User-Agent": "gpuyield",
                **(headers or {}),
            },
        )

    def send(self, body: bytes) -> Mapping[str, int]:
        try:
            status, retry_after, answer = self._post(gzip.compress(body, _GZIP_LEVEL, mtime=0))
        except httpx2.TimeoutException:
            raise self._late() from None
        except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
            raise Later(reason(error)) from None
        if status in _COME_AGAIN:
            raise Later(f"status {status}", seconds_of(retry_after, self._clock.time()))
        if status in _RIGHTS:
            raise Later(f"status {status}: the receiver wants other credentials")
        if not 200 <= status < 300:
            why = TOO_LARGE if status == _TOO_LARGE else REFUSED
            raise Refused(why, f"the receiver refuses with status {status}")
        return rejected_samples(body, _response(answer))

    def close(self) -> None:
        self._client.close()

    def _post(self, data: bytes) -> tuple[int, str | None, bytes]:
        deadline = time.monotonic() + self._timeout_seconds
        answer = bytearray()
        with self._client.stream("POST", self._url, content=data) as response:
            for chunk in response.iter_bytes():
                answer += chunk
                if time.monotonic() > deadline:
                    raise self._late()
                if len(answer) > _ANSWER_BYTES:
                    raise Later(f"an answer of more than {_ANSWER_BYTES:,} bytes")
            return response.status_code, response.headers.get("retry-after"), bytes(answer)

    def _late(self) -> Later:
        return Later(f"no whole answer within {self._timeout_seconds:g} s")


def _response(answer: bytes) -> ExportMetricsServiceResponse:
    """What is no answer of the protocol says no more than its status did."""
    try:
        return ExportMetricsServiceResponse.FromString(answer)
    except DecodeError:
        return ExportMetricsServiceResponse()

"""One Prometheus-compatible server over HTTP: whole answers or an error that says what to do about it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import quote, urlencode

import httpx2

from analyzer.stores.prometheus.access import Parameters, ServerAccess
from analyzer.stores.prometheus.errors import Refused, TooMuch, Transient
from analyzer.stores.prometheus.fault import http_faults, late
from analyzer.stores.prometheus.refusal import refusal
from analyzer.stores.prometheus.transfer import Transfer
from exporters.http_text import unzipped
from exporters.source import SourceFailed

CONNECTIONS = 4
TRIES = 5
BODY_BYTES = 2 << 30
_LONGEST_URL = 1500  # longer questions go in a form: proxies cut long request lines
_ERROR_BYTES = 64 << 10
# An answer may go on for as long as it brings at least this; one that drips does not hold us for ever.
_SLOWEST_BYTES_PER_SECOND = 16 << 10
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 20.0

_NONE: Mapping[str, str] = MappingProxyType({})
Result = TypeVar("Result")


class Answer:
    """A 200 whose body is still on its way."""

    def __init__(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self.content_type = content_type
        self._chunks = chunks

    def chunks(self) -> Iterator[bytes]:
        """The body, decoded; raises `Transient` when it is cut."""
        return self._chunks


class Server:
    """Threads may share it; at most `CONNECTIONS` of them are answered at once."""

    def __init__(self, access: ServerAccess, sleep: Callable[[float], None] = time.sleep) -> None:
        self.access = access
        self.transfer = Transfer()
        self._sleep = sleep
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._count = threading.Lock()
        self._asking, self._is_closed = 0, False
        self._client = httpx2.Client(
            verify=access.tls,
            auth=access.auth,
            headers={"User-Agent": "gpuyield", **access.headers},
            timeout=access.timeout_seconds,
            limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            follow_redirects=not access.is_secret,  # what is secret goes nowhere else
            trust_env=access.uses_proxies,  # else no proxy and no .netrc: the URL is where we go
        )

    @property
    def shown(self) -> str:
        """How messages name it, without secrets."""
        return self.access.shown

    def close(self) -> None:
        """Asks nothing any more, and closes the connections once the last answer on its way is in."""
        with self._count:
            self._is_closed = True
            is_idle = not self._asking
        if is_idle:
            self._client.close()

    @contextmanager
    def _turn(self, where: str) -> Iterator[None]:
        """One of a few at a time, and none after the end."""
        with self._slots:
            with self._count:
                if self._is_closed:
                    raise SourceFailed(f"{where}: not asked, the reading has ended")
                self._asking += 1
            try:
                yield
            finally:
                with self._count:
                    self._asking -= 1
                    is_last = self._is_closed and not self._asking
                if is_last:
                    self._client.close()

    def get(self, path: str, parameters: Parameters = ()) -> bytes:
        """The whole body."""
        return self._whole(self._request("GET", path, parameters))

    def post_form(self, path: str, parameters: Parameters) -> bytes:
        """The whole body of a question: in the URL while it is short, else in a form."""
        form = encoded(parameters)
        if len(form) <= _LONGEST_URL:
            return self.get(path, parameters)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._whole(self._request("POST", path, (), form.encode(), headers))

    @contextmanager
    def stream(self, path: str, parameters: Parameters = ()) -> Iterator[Answer]:
        """A body that need not fit into memory, asked for with GET."""
        with self._answer(self._request("GET", path, parameters)) as answer:
            yield answer

    @contextmanager
    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Iterator[Answer]:
        """The same for a POST; its body is compressed in a way of its own, so no encoding is asked for."""
        plain = {"Accept-Encoding": "identity", **headers}
        with self._answer(self._request("POST", path, (), body, plain)) as answer:
            yield answer

    def attempts(self, work: Callable[[], Result]) -> Result:
        """Runs `work` again while it is `Transient`, after pauses that grow and that no two clients share."""
        for number in range(1, TRIES + 1):
            try:
                return work()
            except Transient as error:
                last = error
            if number < TRIES:
                self._sleep(self._pause_seconds(number, last))
        raise SourceFailed(f"{last}; tried {TRIES} times") from last

    def _pause_seconds(self, tries: int, error: Transient) -> float:
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** (tries - 1))
        asked = min(error.retry_after_seconds or 0.0, self.access.timeout_seconds)
        return max(random.uniform(0, longest), asked)

    def _request(
        self,
        method: str,
        path: str,
        parameters: Parameters,
        body: bytes = b"",
        headers: Mapping[str, str] = _NONE,
    ) -> httpx2.Request:
        query = encoded((*self.access.parameters, *parameters))
        url = f"{self.access.url}{path}" + (f"?{query}" if query else "")
        asked = {"Accept-Encoding": self.transfer.encoding, **headers}
        return self._client.build_request(method, url, content=body or None, headers=asked)

    def _whole(self, request: httpx2.Request) -> bytes:
        started, body = time.monotonic(), bytearray()
        with self._answer(request) as answer:
            for chunk in answer.chunks():
                body += chunk
                if len(body) > BODY_BYTES:
                    raise TooMuch(f"{self._where(request)} answers with more than {BODY_BYTES:,} bytes")
        self.transfer.arrived(request.headers["accept-encoding"], len(body), time.monotonic() - started)
        return bytes(body)

    @contextmanager
    def _answer(self, request: httpx2.Request) -> Iterator[Answer]:
        where = self._where(request)
        with self._turn(where):
            with http_faults(where, self.access.timeout_seconds):
                response = self._client.send(request, stream=True)
            try:
                chunks = _decoded(response, self._in_time(response, where), where)
                if response.status_code != 200:
                    body = _beginning(chunks)
                    raise self.access.refused(response.status_code, body) or refusal(response, body, where)
                yield Answer(response.headers.get("content-type", ""), chunks)
            finally:
                response.close()

    def _in_time(self, response: httpx2.Response, where: str) -> Iterator[bytes]:
        """The chunks as they come. Only the server's time counts, not that of whoever takes them."""
        limit_seconds, waited_seconds, received = self.access.timeout_seconds, 0.0, 0
        raw = response.iter_raw()
        while True:
            asked = time.monotonic()
            with http_faults(where, limit_seconds):
                chunk = next(raw, None)
            if chunk is None:
                return
            waited_seconds += time.monotonic() - asked
            received += len(chunk)
            if waited_seconds > limit_seconds + received / _SLOWEST_BYTES_PER_SECOND:
                raise late(where, limit_seconds)
            yield chunk

    def _where(self, request: httpx2.Request) -> str:
        return self.access.where(request.url.path.removeprefix(httpx2.URL(self.access.url).path.rstrip("/")))


def encoded(parameters: Parameters) -> str:
    """A query as AWS signs it: a space is %20, and only -_.~ stay as they are."""
    return urlencode(list(parameters), quote_via=quote, safe="-_.~")


def _decoded(response: httpx2.Response, raw: Iterator[bytes], where: str) -> Iterator[bytes]:
    is_framed = "content-length" in response.headers or "transfer-encoding" in response.headers
    if response.status_code == 200 and not is_framed:
        raise Refused(f"{where} does not say where its answer ends: is a proxy of HTTP/1.0 in front?", 200)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise Refused(f"{where} answers in an encoding that was not asked for ({encoding[:20]})", 200)
    return raw if encoding == "identity" else _unzipped(raw, where)


def _unzipped(raw: Iterator[bytes], where: str) -> Iterator[bytes]:
    try:
        yield from unzipped(raw, BODY_BYTES)
    except Transient:
        raise
    except SourceFailed as error:
        raise Transient(f"{where}: {error}") from None


def _beginning(chunks: Iterator[bytes]) -> bytes:
    """Of an error's body: enough to say why. A cut one is an answer all the same: its status came."""
    body = bytearray()
    with suppress(Transient):
        for chunk in chunks:
            body += chunk
            if len(body) > _ERROR_BYTES:
                break
    return bytes(body)

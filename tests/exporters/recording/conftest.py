"""A target for the tests: a real HTTP server that behaves, or not, by the path that is asked for."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class FakeTarget(ThreadingHTTPServer):
    """`released` ends what hangs, `late` says that /late is asked, `answered` is what was sent in whole."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.released = threading.Event()
        self.answered: list[int] = []
        self.seen: list[dict[str, str]] = []
        self.late = threading.Event()
        self.broken = False
        self._lock = threading.Lock()
        self._next = 0

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"

    def count(self) -> int:
        with self._lock:
            self._next += 1
            return self._next

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeTarget

    def do_GET(self) -> None:
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        match self.path.partition("?")[0]:
            case "/metrics":
                self._send(b"a 1\nb 2\n")
            case "/no-newline":
                self._send(b"a 1\nb 2")
            case "/gzip":
                self._send(gzip.compress(b"a 1\n" * 2), gzip="gzip")
            case "/cut-gzip":
                self._send(gzip.compress(b"a 1\n" * 2)[:-4], gzip="gzip")
            case "/bomb":
                self._send(gzip.compress(b"#" * 5_000_000), gzip="gzip")
            case "/openmetrics":
                self._send(b"# TYPE a counter\na_total 1\n# EOF\n", OPENMETRICS)
            case "/no-eof":
                self._send(b"# TYPE a counter\na_total 1\n", OPENMETRICS)
            case "/cut":
                self._send(b"a 1\n", length=100)
            case "/moved":
                self._send(b"", status=302, location="/metrics?secret=1")
            case "/html":
                self._send(b"a 1\n", "text/html; charset=utf-8")
            case "/late":
                self.server.late.set()
                self.server.released.wait(1)
                self._count()
            case "/hang":
                self.server.released.wait(20)
            case "/drip":
                self._drip()
            case "/count":
                self._count()
            case _:
                self._send(b"broken\n", status=500)

    def _count(self) -> None:
        if self.server.broken:
            self._send(b"broken\n", status=500)
            return
        number = self.server.count()
        self._send(f"n {number}\n".encode())
        self.server.answered.append(number)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.server.released.wait(0.05):
            self.wfile.write(b"#")

    def _send(
        self, body: bytes, kind: str = TEXT, status: int = 200, length: int = -1, gzip: str = "", location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length < 0 else length))
        if gzip:
            self.send_header("Content-Encoding", gzip)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        self.close_connection = length >= 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def target() -> Iterator[FakeTarget]:
    with FakeTarget() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()

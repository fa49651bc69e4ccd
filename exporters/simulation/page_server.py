"""Serves pages of simulated targets over HTTP as they stand now; one that does not answer gets status 503."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np

from exporters.agent.settings import Address
from exporters.agent.web import ListenError
from exporters.simulation.target import Page


class PageServer(ThreadingHTTPServer):
    """Listens from the moment it is made, answers between `start` and `stop`. `pages` are by path."""

    daemon_threads = True

    def __init__(self, address: Address, pages: Mapping[str, Page]) -> None:
        self.pages = pages
        self._thread = Thread(target=self.serve_forever, args=(0.1,), name="simulated pages", daemon=True)
        try:
            super().__init__((address.host, address.port), _Handler)
        except OSError as error:
            raise ListenError(f"cannot listen on {address}: {error.strerror}; give another --listen") from None

    def url(self, path: str) -> str:
        return f"http://{Address(*self.server_address[:2])}{path}"  # type: ignore[arg-type]

    def start(self) -> None:
        self._thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """The client went away."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PageServer

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path)
        if page is None:
            paths = "".join(f"{path}\n" for path in self.server.pages)
            return self._send(HTTPStatus.NOT_FOUND, f"There is\n{paths}".encode())
        now = np.array([time.time()])
        if not page.answers(now)[0]:
            return self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"It does not answer now.\n")
        return self._send(HTTPStatus.OK, next(iter(page.texts(now))))

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are no news."""

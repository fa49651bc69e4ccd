"""An HTTP server on the loopback that answers readers as the Kubernetes API server does: with lists and watches."""

from __future__ import annotations

import gzip
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from exporters.simulation.kube_api.answers import Refused, listing, refuse_selectors
from exporters.simulation.kube_api.cluster import Cluster
from exporters.simulation.kube_api.kind import KINDS, Kind
from exporters.simulation.kube_api.watch import Watch

_LOOK_SECONDS = 0.05
_WATCH_SECONDS = 1800.0
_GZIP_BYTES = 128 * 1024  # answers from this size on are compressed, at the lowest level
_JSON = "application/json"


class KubeApi(ThreadingHTTPServer):
    """Listens from the moment it is made, answers while it is entered. Port 0: any free one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, cluster: Cluster, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.cluster = cluster
        self.is_stopped = Event()
        self._thread = Thread(target=self.serve_forever, args=(0.1,), name="simulated Kubernetes API", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> KubeApi:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_stopped.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """The client went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: KubeApi

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(place.query).items()}
        kind = KINDS.get(place.path)
        if kind is None:
            self._send(HTTPStatus.NOT_FOUND, b"404 page not found\n", "text/plain; charset=utf-8")
            return
        try:
            refuse_selectors(kind, query)
            if query.get("watch") in ("true", "1"):
                self._watch(kind, query)
            else:
                self._send(HTTPStatus.OK, listing(self.server.cluster, kind, query, self._wants_metadata_only()))
        except Refused as refused:
            self._send(refused.code, refused.body())

    def _watch(self, kind: Kind, query: dict[str, str]) -> None:
        seconds = float(query.get("timeoutSeconds", _WATCH_SECONDS))
        has_bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
        watch = Watch(self.server.cluster, kind, seconds, self._wants_metadata_only(), has_bookmarks)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _JSON)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in watch.lines(query.get("resourceVersion", "")):
            if line:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
                continue
            self.wfile.flush()
            if self.server.is_stopped.wait(_LOOK_SECONDS):
                break
        self.wfile.write(b"0\r\n\r\n")

    def _wants_metadata_only(self) -> bool:
        return "as=PartialObjectMetadata" in self.headers.get("Accept", "")

    def _send(self, status: HTTPStatus, body: bytes, content_type: str = _JSON) -> None:
        is_packed = len(body) >= _GZIP_BYTES and "gzip" in self.headers.get("Accept-Encoding", "")
        if is_packed:
            body = gzip.compress(body, compresslevel=1)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are no news."""

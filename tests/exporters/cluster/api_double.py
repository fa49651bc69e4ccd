"""A Kubernetes API server for the tests: real HTTP, real listings in pages, real watches; it fails when it is told to.

It has no method but GET: http.server answers 501 to all others.
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from exporters.kubernetes.kubeconfig import ApiServer

Json = dict[str, Any]
_LOOK_SECONDS = 0.01


class World:
    """What the cluster holds, by path of its kinds, and what changed: it outlives restarts of its server."""

    def __init__(self) -> None:
        self.version = 1
        self.oldest = 1  # what changed before is compacted away
        self.objects: dict[str, dict[str, Json]] = defaultdict(dict)
        self.changes: list[tuple[int, str, str, Json]] = []  # version, path, type, object
        self.is_changed = threading.Condition()

    def put(self, path: str, found: Json) -> None:
        uid = found["metadata"]["uid"]
        self._change(path, "MODIFIED" if uid in self.objects[path] else "ADDED", found)
        self.objects[path][uid] = self.changes[-1][3]

    def remove(self, path: str, uid: str) -> None:
        self._change(path, "DELETED", self.objects[path].pop(uid))

    def compact(self) -> None:
        """From now on a watch or a token from before is refused."""
        with self.is_changed:
            self.version += 1
            self.oldest = self.version

    def _change(self, path: str, kind: str, found: Json) -> None:
        with self.is_changed:
            self.version += 1
            about = {**found["metadata"], "resourceVersion": str(self.version)}
            self.changes.append((self.version, path, kind, {**found, "metadata": about}))
            self.is_changed.notify_all()


class ApiDouble(ThreadingHTTPServer):
    """`raw_lists` and `raw_watches` are whole answers that were recorded, given by path before any other.

    `denied` and `missing` are paths.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, world: World, expired: bytes, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.world = world
        self.expired = expired  # the recorded answer to a token that is too old
        self.raw_lists: dict[str, deque[bytes]] = defaultdict(deque)
        self.raw_watches: dict[str, deque[bytes]] = defaultdict(deque)
        self.denied: set[str] = set()
        self.missing: set[str] = set()
        self.asked: list[str] = []
        self.byte_pause_seconds = 0.0
        self.is_cut_in_line = False
        self.is_stopped = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def server(self) -> ApiServer:
        return ApiServer(f"http://127.0.0.1:{self.server_port}", "double", "default", None, None)

    def count(self, path: str, watch: bool) -> int:
        """How often it was asked to list, or to watch."""
        return sum(1 for asked in self.asked if asked.startswith(path) and ("watch=true" in asked) is watch)

    def stop(self) -> None:
        """Ends all watches, as a server that is killed does."""
        self.is_stopped.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiDouble

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.path)
        path = urlsplit(self.path).path
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        is_watch = query.get("watch") == "true"
        raw = (server.raw_watches if is_watch else server.raw_lists)[path]
        if raw:
            self._raw(raw.popleft())
        elif path in server.denied:
            self._status(403, f'{path.rpartition("/")[2]} is forbidden: User "reader" cannot list it')
        elif path in server.missing:
            self._send(404, b"404 page not found\n", "text/plain; charset=utf-8")
        elif is_watch:
            self._watch(path, int(query["resourceVersion"]))
        else:
            self._list(path, int(query.get("limit", "0")), query.get("continue", ""))

    def _list(self, path: str, limit: int, token: str) -> None:
        world = self.server.world
        version, start = map(int, token.split(":")) if token else (world.version, 0)
        if version < world.oldest:
            self._raw(self.server.expired)
            return
        found = list(world.objects[path].values())
        end = start + limit if limit else len(found)
        about = {"resourceVersion": str(version), "continue": f"{version}:{end}" if end < len(found) else ""}
        listing = {"kind": "List", "apiVersion": "v1", "metadata": about, "items": found[start:end]}
        self._send(200, json.dumps(listing).encode())

    def _watch(self, path: str, version: int) -> None:
        world = self.server.world
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if version < world.oldest:
            refusal = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}
            self._line({"type": "ERROR", "object": refusal})
            self.wfile.write(b"0\r\n\r\n")
            return
        while not self.server.is_stopped.is_set():
            with world.is_changed:
                new = [change for change in world.changes if change[0] > version and change[1] == path]
                if not new:
                    world.is_changed.wait(_LOOK_SECONDS)
            for at, _, kind, found in new:
                self._line({"type": kind, "object": found})
                version = at
        self.close_connection = True

    def _line(self, line: Json) -> None:
        text = json.dumps(line).encode() + b"\n"
        if self.server.is_cut_in_line:
            self.server.is_cut_in_line = False
            self._chunk(text[: len(text) // 2])
            self.close_connection = True
            raise ConnectionAbortedError
        if self.server.byte_pause_seconds:
            for start in range(0, len(text), 100):
                self._chunk(text[start : start + 100])
                time.sleep(self.server.byte_pause_seconds)
        else:
            self._chunk(text)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _raw(self, answer: bytes) -> None:
        self.close_connection = True
        self.wfile.write(answer)

    def _status(self, code: int, message: str) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
        self._send(code, json.dumps(status).encode())

    def _send(self, code: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""

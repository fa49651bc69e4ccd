"""Grafana's dashboard API as far as boards need it, and as strict: token, uid, version, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_right"


class GrafanaDouble(ThreadingHTTPServer):
    """What it holds, and how often it was written to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.boards: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, str] = {}
        self.writes = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: GrafanaDouble

    def do_GET(self) -> None:
        uid = self.path.removeprefix("/api/dashboards/uid/")
        if not self._is_allowed():
            return
        if uid not in self.server.boards:
            self._send(404, {"message": "Dashboard not found", "status": "not-found"})
            return
        self._send(200, {"dashboard": self.server.boards[uid], "meta": {"folderUid": self.server.folders[uid]}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_allowed():
            return
        board = body["dashboard"]
        if not board.get("title") or len(board["uid"]) > 40:
            self._send(400, {"message": "Dashboard title cannot be empty"})
            return
        before = self.server.boards.get(board["uid"])
        if before and not body.get("overwrite"):
            self._send(412, {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"})
            return
        self.server.writes += 1
        version = before["version"] + 1 if before else 1
        self.server.boards[board["uid"]] = {
            **board,
            "id": before["id"] if before else self.server.writes,
            "version": version,
        }
        self.server.folders[board["uid"]] = body.get("folderUid", "")
        self._send(200, {"uid": board["uid"], "status": "success", "version": version})

    def _is_allowed(self) -> bool:
        is_allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if not is_allowed:
            self._send(401, {"message": "Invalid API key"})
        return is_allowed

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@contextlib.contextmanager
def grafana_double() -> Iterator[GrafanaDouble]:
    """Runs while it is entered."""
    with GrafanaDouble() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

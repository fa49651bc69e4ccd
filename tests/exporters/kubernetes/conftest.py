"""A server that lets in who signs in, and a kubeconfig on disk that names it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from exporters.kubernetes.kubeconfig import ApiServer

TOKEN = "token-of-alice"


class FakeApiServer(ThreadingHTTPServer):
    """Answers 200 to each of its tokens, else 401; "" lets in who brings none."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tokens = {TOKEN}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeApiServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        is_known = self.headers.get("Authorization", "").removeprefix("Bearer ") in self.server.tokens
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


def ask(server: ApiServer) -> int:
    """The status with which it answers."""
    verify = True if server.tls is None else server.tls
    with httpx2.Client(verify=verify, auth=server.auth) as client:
        return client.get(f"{server.url}/api/v1/nodes").status_code


class Kubeconfig:
    """Writes kubeconfig files."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config"

    def write(self, server: str, user: dict[str, Any] | None = None, context: str = "blue", **cluster: Any) -> Path:
        """One context; `user` is by default one with the token that the double takes."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": f"c-{context}", "cluster": {"server": server, **cluster}}],
            "contexts": [
                {"name": context, "context": {"cluster": f"c-{context}", "user": f"u-{context}", "namespace": "team"}}
            ],
            "users": [{"name": f"u-{context}", "user": {"token": TOKEN} if user is None else user}],
        }
        self.file.write_text(yaml.safe_dump(content))
        return self.file


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    server = FakeApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kubeconfig:
    """The kubeconfig that is looked for, not there yet; and no way to anything of the machine that runs the test."""
    kubeconfig = Kubeconfig(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig.file))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    return kubeconfig

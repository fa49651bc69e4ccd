"""A Kubernetes API server for the tests: real HTTP, a kubeconfig on disk, and permissions as RBAC gives them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.exporters.kubernetes.conftest import TOKEN, Kubeconfig, kubeconfig

__all__ = ["TOKEN", "Kubeconfig", "kubeconfig"]  # the last is a fixture here too


def service(
    namespace: str,
    name: str,
    labels: dict[str, str],
    ports: dict[str, int],
    selector: dict[str, str] | None = None,
    **spec: str,
) -> dict[str, Any]:
    """A Service in the API's shape; `ports` are name and number."""
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.7",
            "ports": [{"name": key, "port": port, "protocol": "TCP", "targetPort": key} for key, port in ports.items()],
            "selector": labels if selector is None else selector,
            **spec,
        },
    }


class FakeApiServer(ThreadingHTTPServer):
    """`may_list` are the namespaces that may be listed, None for all; `may_get` the names that may be read."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.services: list[dict[str, Any]] = []
        self.may_list: set[str] | None = None
        self.may_get: set[str] = set()
        self.tokens = {TOKEN}
        self.fails_with: int | None = None
        self.hangs = False
        self.released = threading.Event()
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    """Has no method but GET: http.server answers 501 to all others."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: else each answer waits for the client's acknowledgement
    server: FakeApiServer

    def do_GET(self) -> None:
        server = self.server
        server.asked.append(self.path)
        if server.hangs:
            server.released.wait(30)
        elif server.fails_with is not None:
            self._no(server.fails_with, "InternalError", "etcdserver: leader changed")
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in server.tokens:
            self._no(401, "Unauthorized", "Unauthorized")
        else:
            self._services(self.path.partition("?")[0].split("/")[3:])

    def _services(self, parts: list[str]) -> None:
        server = self.server
        match parts:
            case ["services"] if server.may_list is None:
                self._send(200, _listing(server.services))
            case ["services"]:
                self._forbid("list", "at the cluster scope")
            case ["namespaces", namespace, "services"]:
                if server.may_list is None or namespace in server.may_list:
                    self._send(200, _listing(_within(server.services, namespace)))
                else:
                    self._forbid("list", f'in the namespace "{namespace}"')
            case ["namespaces", namespace, "services", name]:
                here = [each for each in _within(server.services, namespace) if each["metadata"]["name"] == name]
                if server.may_list is not None and name not in server.may_get:
                    self._forbid("get", f'in the namespace "{namespace}"')
                elif here:
                    self._send(200, {"kind": "Service", "apiVersion": "v1", **here[0]})
                else:
                    self._no(404, "NotFound", f'services "{name}" not found')
            case _:
                self._no(404, "NotFound", "the server could not find the requested resource")

    def _forbid(self, verb: str, where: str) -> None:
        text = f'services is forbidden: User "alice" cannot {verb} resource "services" in API group "" {where}'
        self._no(403, "Forbidden", text)

    def _no(self, code: int, reason: str, message: str) -> None:
        self._send(code, status(code, reason, message))

    def _send(self, code: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    """The API server's own refusal."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def _listing(services: list[dict[str, Any]]) -> dict[str, Any]:
    return {"kind": "ServiceList", "apiVersion": "v1", "metadata": {"resourceVersion": "81234"}, "items": services}


def _within(services: list[dict[str, Any]], namespace: str) -> list[dict[str, Any]]:
    return [each for each in services if each["metadata"]["namespace"] == namespace]


@pytest.fixture
def api() -> Iterator[FakeApiServer]:
    """An API server that lists whatever is put into it."""
    server = FakeApiServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()

"""A very large cluster behind a real HTTP address: recorded objects, many times over, under other names.

Pages are made when they are asked for, so that the cluster's size costs this side no memory.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from exporters.cluster.kinds import CLAIMS, EVENTS, NODES, PODS, REPLICASETS
from tests.exporters.cluster.conftest import Recording

Item = Callable[[int], bytes]
_LINES_A_SECOND = 20


def copies(template: dict[str, Any], name: str, uid: str, **renamed: str) -> Item:
    """Writes object number n: its name and uid, and what else is renamed, end in n."""
    changes = {name: "thing-", uid: "uid-", **renamed}
    either = "|".join(re.escape(f'"{old}"') for old in changes)
    kept, *rest = re.split(f"({either})", json.dumps(template))
    parts = [kept.encode()]
    for old, after in zip(rest[::2], rest[1::2], strict=True):
        parts[-1] += f'"{changes[old[1:-1]]}'.encode()
        parts.append(f'"{after}'.encode())

    return lambda number: b"%d".__mod__(number).join(parts)


class CrowdedApi(ThreadingHTTPServer):
    """`kinds`: by path, how many there are and how one is written. Watches send changed pods and nodes."""

    daemon_threads = True

    def __init__(self, kinds: dict[str, tuple[int, Item]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kinds = kinds
        self.sent_bytes = 0
        self.is_stopped = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: CrowdedApi

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        query = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if path not in self.server.kinds:
            self._send(404, b"404 page not found\n")
        elif "watch" in query:
            self._watch(*self.server.kinds[path])
        else:
            self._page(*self.server.kinds[path], int(query["limit"]), int(query.get("continue", "0")))

    def _page(self, count: int, item: Item, limit: int, start: int) -> None:
        end = min(count, start + limit)
        about = {"resourceVersion": "1000", "continue": str(end) if end < count else ""}
        items = b",".join([item(number) for number in range(start, end)])
        self._send(200, b'{"kind":"List","metadata":%b,"items":[%b]}' % (json.dumps(about).encode(), items))

    def _watch(self, count: int, item: Item) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        number = 0
        while not self.server.is_stopped.is_set():
            line = b'{"type":"MODIFIED","object":%b}\n' % item(number % count)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
            number += 7
            time.sleep(1 / _LINES_A_SECOND)

    def _send(self, code: int, body: bytes) -> None:
        self.server.sent_bytes += len(body)
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def crowd(recording: Recording, nodes: int, pods: int) -> dict[str, tuple[int, Item]]:
    """A fifth of the nodes and a tenth of the pods have accelerators, as in the recording the objects are whole."""
    gpu_node, cpu_node = (_last(recording, "nodes", word) for word in ("gpu-ondemand", "cpu"))
    gpu_claim, cpu_claim = (_last(recording, "nodeclaims", word) for word in ("gpu-ondemand", "cpu"))
    holder, other = (_last(recording, "pods", word) for word in ("embedder", "gateway"))
    return {
        NODES.path: (nodes, _mixed(5, _node(gpu_node), _node(cpu_node))),
        CLAIMS.path: (nodes, _mixed(5, _claim(gpu_claim), _claim(cpu_claim))),
        PODS.path: (pods, _mixed(10, _plain(holder), _plain(other))),
        REPLICASETS.path: (pods // 10, _plain(_last(recording, "replicasets", "embedder"))),
        EVENTS.path: (pods // 10, _plain(_last(recording, "events", "embedder"))),
    }


def _mixed(every: int, rare: Item, usual: Item) -> Item:
    return lambda number: (usual if number % every else rare)(number)


def _node(found: dict[str, Any]) -> Item:
    return copies(
        found, found["metadata"]["name"], found["metadata"]["uid"], **{found["spec"]["providerID"]: "aws:///"}
    )


def _claim(found: dict[str, Any]) -> Item:
    status = found["status"]
    more = {status["nodeName"]: "thing-", status["providerID"]: "aws:///"}
    return copies(found, found["metadata"]["name"], found["metadata"]["uid"], **more)


def _plain(found: dict[str, Any]) -> Item:
    return copies(found, found["metadata"]["name"], found["metadata"]["uid"])


def _last(recording: Recording, resource: str, word: str) -> dict[str, Any]:
    """The last object whose name begins so that is not being deleted; else the last one."""
    read = [json.loads(line) for _, line in recording.lines(resource)]
    of_name: list[dict[str, Any]] = [
        one["object"]
        for one in read
        if one["object"]["metadata"].get("name", "").removeprefix("kwok-").startswith(word) and one["type"] != "DELETED"
    ]
    lasting = [one for one in of_name if "deletionTimestamp" not in one["metadata"]]
    return (lasting or of_name)[-1]

"""Servers on a real socket that send recorded bytes, whole or cut, and keep what they were asked."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.server import Server

SMALL = Path(__file__).parents[3] / "recorded" / "prometheus-wire"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """Of the URL and of a form."""
        query = parse_qsl(urlsplit(self.target).query, keep_blank_values=True)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            query += parse_qsl(self.body.decode(), keep_blank_values=True)
        return query


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out, and then: keep, close, reset, or hang until the client leaves. `drip`: one byte at a time."""

    data: bytes
    then: str = "keep"
    drip_seconds: float = 0.0


Play = Callable[[Asked], Reply]


class Replay:
    """Answers each request with what `play` says."""

    def __init__(self, play: Play, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._play = play
        self._tls = tls
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._converse, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _converse(self, plain: socket.socket) -> None:
        plain.settimeout(0.1)
        with plain, suppress(OSError):
            connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with connection:
                while asked := self._request(connection):
                    self.asked.append(asked)
                    if not self._send(connection, self._play(asked)):
                        return

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        """Whether the connection goes on."""
        if reply.drip_seconds:
            for place in range(len(reply.data)):
                connection.sendall(reply.data[place : place + 1])
                if self._over.wait(reply.drip_seconds):
                    return False
        connection.sendall(reply.data)
        if reply.then == "hang":
            self._over.wait()
        if reply.then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return reply.then == "keep"

    def _request(self, connection: socket.socket) -> Asked | None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = self._receive(connection)
            if not more:
                return None
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            more = self._receive(connection)
            if not more:
                return None
            body += more
        method, target, _ = first.split(" ")
        return Asked(method, target, headers, body)

    def _receive(self, connection: socket.socket) -> bytes:
        while not self._over.is_set():
            with suppress(TimeoutError):
                return connection.recv(65536)
        return b""


def json_reply(text: str, status: str = "200 OK", headers: str = "") -> Reply:
    """A whole JSON answer."""
    return text_reply(text, status, f"Content-Type: application/json\r\n{headers}")


def text_reply(text: str, status: str = "200 OK", headers: str = "Content-Type: text/plain\r\n") -> Reply:
    body = text.encode()
    return Reply(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body)


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded conversation."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def asked(self) -> Asked:
        head, _, body = (self.folder / "request.http").read_bytes().partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, target, _ = first.split(" ")
        return Asked(method, target, headers, body)

    @property
    def reply(self) -> Reply:
        """The recorded bytes; a cut one ends as it did."""
        data = (self.folder / "response.headers").read_bytes() + (self.folder / "response.body").read_bytes()
        cut = {"cut-reset": "reset"}.get(self.name, "close" if self.name.startswith("cut-") else "keep")
        return Reply(data, cut)

    @property
    def status(self) -> int:
        """0 where no status came."""
        head = (self.folder / "response.headers").read_bytes()
        return int(head.split(b" ", 2)[1]) if head else 0


Start = Callable[[Play], Replay]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server for one test."""
    running: list[Replay] = []

    def begin(play: Play) -> Replay:
        running.append(Replay(play))
        return running[-1]

    yield begin
    for one in running:
        one.close()


Ask = Callable[..., Server]


@pytest.fixture
def client() -> Iterator[Ask]:
    """A client of a URL, whose pauses take no time."""
    made: list[Server] = []

    def make(url: str, timeout: float = 5.0, **more: object) -> Server:
        access = ServerAccess(url, timeout_seconds=timeout, **more)  # type: ignore[arg-type]
        made.append(Server(access, sleep=lambda seconds: None))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session", params=["small", "all"])
def wire(request: pytest.FixtureRequest, recording: Callable[[str], Path]) -> Path:
    """The recorded conversations: those that come along, and all of them where they are there."""
    return SMALL if request.param == "small" else recording("prometheus-wire")

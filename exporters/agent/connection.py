"""Bounds what a client can take: bytes and time for a request, and connections for all clients together."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Hashable
from http.client import HTTPException
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

REQUEST_BYTES = 16 << 10
REQUEST_SECONDS = 10.0  # for the whole of a request, and for the whole of an answer
IDLE_SECONDS = 120.0  # more than a scrape interval, so that a Prometheus keeps its connection
CONNECTIONS = 256


class RequestBytes(io.RawIOBase):
    """What a client sends. A client that trickles is cut off: the time is for the request, not for each byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._left = 0
        self._until: float | None = None

    def expect_request(self) -> None:
        """The next bytes begin a request."""
        self._left = REQUEST_BYTES
        self._until = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._left <= 0:
            raise HTTPException("a request that is too long")
        now = time.monotonic()
        seconds = IDLE_SECONDS if self._until is None else self._until - now
        if seconds <= 0:
            raise TimeoutError("a request that takes too long")
        self._connection.settimeout(seconds)
        got = self._connection.recv_into(buffer)
        if self._until is None:
            self._until = time.monotonic() + REQUEST_SECONDS
        self._left -= got
        return got


class Connections:
    """Those that are open. When there are too many, the one that has waited longest for its client is closed."""

    def __init__(self, limit: int = CONNECTIONS) -> None:
        self._limit = limit
        self._lock = Lock()
        self._open: dict[Hashable, tuple[socket.socket, float | None]] = {}  # by client; idle since, None: at work

    def enter(self, client: Hashable, connection: socket.socket) -> bool:
        """False: there is no room, since all of the others are at work."""
        with self._lock:
            if len(self._open) >= self._limit and not self._close_longest_idle():
                return False
            self._open[client] = connection, time.monotonic()
            return True

    def replace(self, client: Hashable, connection: socket.socket) -> None:
        """The same connection, within TLS."""
        with self._lock:
            if client in self._open:
                self._open[client] = connection, self._open[client][1]

    def idle(self, client: Hashable) -> None:
        self._mark(client, time.monotonic())

    def at_work(self, client: Hashable) -> None:
        self._mark(client, None)

    def leave(self, client: Hashable) -> None:
        with self._lock:
            self._open.pop(client, None)

    def _mark(self, client: Hashable, idle_since: float | None) -> None:
        with self._lock:
            if client in self._open:
                self._open[client] = self._open[client][0], idle_since

    def _close_longest_idle(self) -> bool:
        idle = [(since, client) for client, (_, since) in self._open.items() if since is not None]
        if not idle:
            return False
        _, client = min(idle, key=lambda one: one[0])
        connection, _ = self._open.pop(client)
        with contextlib.suppress(OSError):  # it is closed already
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # its thread wakes up and closes it
        return True

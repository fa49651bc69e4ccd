"""Where lines of neuron-monitor come from: a child process, a growing file, or a unix socket.

A feed is opened, gives chunks until it ends, and is closed; whoever reads it opens it again.
"""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Generator
from pathlib import Path
from threading import Event
from typing import Protocol

from exporters.sources.neuron.lines import LONGEST_LINE

CHUNK_BYTES = 65536
_LOOK_SECONDS = 0.25  # between two looks at a file, or at whether to stop


class Feed(Protocol):
    """A way in."""

    def chunks(self) -> Generator[bytes, None, None]:
        """Opens it and gives what comes, b"" when nothing came for a moment; ends when it ends. May raise OSError."""

    def close(self) -> None:
        """Ends what is open, from any thread; `chunks` ends soon after."""

    @property
    def trouble(self) -> str:
        """What it said of itself when it ended; "" where nothing is known."""

    @property
    def silence_is_a_hang(self) -> bool:
        """Whether opening it again helps where nothing comes."""


class SocketFeed:
    """Connects to a unix socket on which another process writes the lines."""

    trouble = ""
    silence_is_a_hang = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = Event()

    def chunks(self) -> Generator[bytes, None, None]:
        self._closed.clear()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_LOOK_SECONDS)
            connection.connect(str(self._path))
            while not self._closed.is_set():
                try:
                    chunk = connection.recv(CHUNK_BYTES)
                except TimeoutError:
                    chunk = None
                if chunk == b"":
                    return
                yield chunk or b""

    def close(self) -> None:
        self._closed.set()


class FileFeed:
    """Follows a file that another process appends to; begins at its last whole line.

    A file that was replaced or cut is read anew from its start. A
    last line that is older than `recent_seconds` is history too.
    """

    trouble = ""
    silence_is_a_hang = False

    def __init__(self, path: Path, recent_seconds: float) -> None:
        self._path = path
        self._recent_seconds = recent_seconds
        self._closed = Event()
        self._known: tuple[int, int] | None = None  # the file that was read before, and how far

    def chunks(self) -> Generator[bytes, None, None]:
        self._closed.clear()
        with self._path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            file.seek(self._start(inode, file.fileno()))
            while not self._closed.is_set():
                chunk = file.read(CHUNK_BYTES)
                yield chunk
                self._known = inode, file.tell()
                if not chunk:
                    if self._replaced(inode, file.tell()):
                        return
                    self._closed.wait(_LOOK_SECONDS)

    def close(self) -> None:
        self._closed.set()

    def _start(self, inode: int, descriptor: int) -> int:
        status = os.fstat(descriptor)
        size = status.st_size
        if self._known is None:
            is_recent = time.time() - status.st_mtime < self._recent_seconds
            return _last_line(descriptor, size) if is_recent else size
        seen, position = self._known
        return position if seen == inode and position <= size else 0

    def _replaced(self, inode: int, position: int) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:  # between two steps of a rotation
            return False
        return now.st_ino != inode or now.st_size < position


def feed_of(path: Path, recent_seconds: float) -> Feed:
    """The way to read this path: a socket is connected to, anything else is followed."""
    try:
        is_socket = stat.S_ISSOCK(path.stat().st_mode)
    except OSError:
        is_socket = False
    return SocketFeed(path) if is_socket else FileFeed(path, recent_seconds)


def _last_line(descriptor: int, size: int) -> int:
    """Where the last whole line begins: its tallies are new, those before it are history."""
    first = max(size - LONGEST_LINE, 0)
    tail = os.pread(descriptor, size - first, first)
    end = tail.rfind(b"\n")
    return first + tail.rfind(b"\n", 0, end) + 1 if end >= 0 else first

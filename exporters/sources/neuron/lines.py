"""Cuts a stream of bytes into lines, and never keeps more than one of bounded length."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST_LINE = 16 * 1024 * 1024  # a node with 64 cores and many loaded models prints some hundred KiB


class Lines:
    """Whole lines of what was fed so far; one that is too long is dropped up to its end and counted."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self.oversize = 0
        self._longest = longest
        self._pieces: list[bytes] = []
        self._size = 0
        self._dropping = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that this chunk completes, without their ends; empty ones are left out."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._keep(end)
            line = self._taken()
            if line.strip():
                yield line
        self._keep(rest)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if not self._dropping and self._size > self._longest:
            self._dropping = True
            self.oversize += 1
            self._pieces.clear()
        if not self._dropping and piece:
            self._pieces.append(piece)

    def _taken(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._dropping = False
        return line

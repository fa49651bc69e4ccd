"""Compressed or not: whichever brought more data a second from this server.

Inside a cluster gzip costs the server more than the wire saves; across a slow line it is the other way round.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

# Below this an answer's time is mostly the server's thinking, the same for both.
TELLING_BYTES = 1_000_000


@dataclass(slots=True)
class _Measured:
    size_bytes: int = 0
    seconds: float = 0.0

    @property
    def bytes_per_second(self) -> float:
        return self.size_bytes / self.seconds


class Transfer:
    """Chooses the Accept-Encoding of the next request. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured = {"identity": _Measured(), "gzip": _Measured()}

    @property
    def encoding(self) -> str:
        """identity first, gzip once, then the faster."""
        with self._lock:
            for encoding, measured in self._measured.items():
                if not measured.size_bytes:
                    return encoding
            return max(self._measured, key=lambda encoding: self._measured[encoding].bytes_per_second)

    def arrived(self, encoding: str, size_bytes: int, seconds: float) -> None:
        """A whole answer: its size once decoded, and the time from asking to its last byte. Small ones tell nothing."""
        if size_bytes < TELLING_BYTES or seconds <= 0 or encoding not in self._measured:
            return
        with self._lock:
            measured = self._measured[encoding]
            measured.size_bytes += size_bytes
            measured.seconds += seconds

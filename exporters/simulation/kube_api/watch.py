"""Watches of the simulated API server: a line for each change, a bookmark now and then, and an end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from exporters.simulation.kube_api.answers import only_metadata, status
from exporters.simulation.kube_api.cluster import ADDED, Cluster
from exporters.simulation.kube_api.kind import Kind

_BOOKMARK_SECONDS = 60.0
_EVERYTHING = 1 << 60


@dataclass(frozen=True, slots=True)
class Watch:
    """`seconds` until it ends by itself."""

    cluster: Cluster
    kind: Kind
    seconds: float
    metadata_only: bool
    has_bookmarks: bool

    def lines(self, version: str) -> Iterator[bytes]:
        """From a version on, without end; empty where nothing happened since the last one.

        Without a version, or from "0", what is there comes first.
        """
        since = int(version or "0")
        if since and since < (oldest := self.cluster.oldest()):
            gone = status(HTTPStatus.GONE, "Expired", f"too old resource version: {since} ({oldest})")
            yield b'{"type":"ERROR","object":%b}\n' % json.dumps(gone).encode()
            return
        if not since:
            since = self.cluster.version()
            for body in self.cluster.objects(self.kind, since, 0, _EVERYTHING)[0]:
                yield self._line(ADDED, body)
        yield from self._changes(since)

    def _changes(self, since: int) -> Iterator[bytes]:
        ends = time.monotonic() + self.seconds
        marked = time.monotonic()
        while (now := time.monotonic()) < ends:
            newest = self.cluster.version()
            for change in self.cluster.changes(self.kind, since, newest):
                yield self._line(change.type, change.body)
            since = max(since, newest)
            if self.has_bookmarks and now - marked >= _BOOKMARK_SECONDS:
                marked = now
                yield self._bookmark(since)
            yield b""
        if self.has_bookmarks:
            yield self._bookmark(since)

    def _line(self, change: str, body: bytes) -> bytes:
        shown = only_metadata(body) if self.metadata_only else self.kind.named(body)
        return b'{"type":"%b","object":%b}\n' % (change.encode(), shown)

    def _bookmark(self, version: int) -> bytes:
        body = b'{"metadata":{"resourceVersion":"%d"}}' % version
        return b'{"type":"BOOKMARK","object":%b}\n' % self.kind.named(body)

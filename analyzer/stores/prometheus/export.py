"""Raw samples out of VictoriaMetrics, line by line as it sends them: stale markers too, which its query API hides."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from analyzer.stores.prometheus.answers import joined
from analyzer.stores.prometheus.errors import TooMuch, Transient
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.query_api import seconds
from analyzer.stores.prometheus.selector import Selector
from analyzer.stores.prometheus.server import Server
from exporters.importing.vm_json import LINE_BYTES, decode_line
from exporters.series import Series

PATH = "/api/v1/export"
_BATCH_SAMPLES = 200_000


class Export:
    """A `Reader`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def read(self, selector: Selector, start: int, end: int) -> Iterator[Points]:
        """As `Reader`."""
        asked = [("match[]", selector.promql), ("start", seconds(start)), ("end", seconds(end))]
        where, batch, size = self._server.access.where(PATH), list[Points](), 0
        with self._server.stream(PATH, asked) as answer:
            for line in _lines(answer.chunks(), where):
                points = _points(line, where, start, end)
                batch.append(points)
                size += len(points)
                if size >= _BATCH_SAMPLES:
                    yield joined(batch)
                    batch, size = [], 0
        yield joined(batch)


def _lines(chunks: Iterator[bytes], where: str) -> Iterator[bytes]:
    rest: list[bytes] = []
    size = 0
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        size += len(first)
        if others:
            yield from filter(None, (b"".join(rest), *others[:-1]))
            rest, size = [others[-1]], len(others[-1])
        if size > LINE_BYTES:
            raise TooMuch(f"{where} answers with a line of more than {LINE_BYTES:,} bytes")
    if size:
        raise Transient(f"{where}: an answer without its end")


def _points(line: bytes, where: str, start: int, end: int) -> Points:
    try:
        labels, numbers, times = decode_line(line)
        at = np.array(times, np.int64)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError):
        # An error that strikes in the middle is written where a line should be.
        raise Transient(f"{where}: a line that is no series") from None
    inside = np.flatnonzero((at >= start) & (at <= end))
    series = Series.of(labels.pop("__name__"), labels.items())
    values = np.frombuffer(numbers, np.float64)
    return Points((series,), np.zeros(len(inside), np.int32), at[inside], values[inside])

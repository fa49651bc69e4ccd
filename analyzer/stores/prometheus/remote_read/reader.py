"""Reads raw samples over Prometheus's remote-read protocol, which costs the server least of all ways.

It asks for the chunks as they are stored. Series in an encoding that is not decoded here are asked for again as plain
samples; servers that know no chunks send those at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from analyzer.stores.prometheus.errors import Refused
from analyzer.stores.prometheus.histograms import as_classic
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.remote_read.frames import BrokenOff
from analyzer.stores.prometheus.remote_read.remote_pb2 import ReadRequest, TimeSeries
from analyzer.stores.prometheus.remote_read.request import HEADERS, PATH, request_body
from analyzer.stores.prometheus.remote_read.samples_answer import histogram_sample, time_series
from analyzer.stores.prometheus.remote_read.stream_answer import ChunkBatch, series_of, streamed_series
from analyzer.stores.prometheus.selector import Selector
from exporters.series import Series

_STREAM = "application/x-streamed-protobuf"
_OK = 200
_FULL_SAMPLES = 1_000_000


class Response(Protocol):
    """An answer of status 200."""

    @property
    def content_type(self) -> str:
        """The header as it came, or nothing."""

    def chunks(self) -> Iterator[bytes]:
        """The body without HTTP's own framing; raises `Transient` when it was cut."""


class Server(Protocol):
    """Where questions go. Any other status than 200 is raised as one of `errors`."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> AbstractContextManager[Response]:
        """The answer to one request, its body not yet read."""


class RemoteRead:
    """A `Reader` that keeps in mind when a server's chunks are of no use, and asks for samples from then on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._samples_only = False

    def read(self, selector: Selector, start: int, end: int) -> Iterator[Points]:
        """All samples from `start` to `end`, unix milliseconds, both included; native histograms as classic ones."""
        for points in self._points(selector, start, end):
            inside = (points.at >= start) & (points.at <= end)
            if inside.all():
                yield points
            elif inside.any():
                yield Points(points.series, points.which[inside], points.at[inside], points.values[inside])

    def _points(self, selector: Selector, start: int, end: int) -> Iterator[Points]:
        form = ReadRequest.SAMPLES if self._samples_only else ReadRequest.STREAMED_XOR_CHUNKS
        again = _Again()
        with self._post(selector, start, end, form) as response:
            if response.content_type.startswith(_STREAM):
                yield from self._streamed(response, start, end, again)
            else:
                yield from _plain(_messages(response))
        if again.needed:
            with self._post(selector, start, end, ReadRequest.SAMPLES) as response:
                yield from _plain(again.picked(_messages(response)))

    def _streamed(self, response: Response, start: int, end: int, again: _Again) -> Iterator[Points]:
        batch = ChunkBatch()
        try:
            for one in streamed_series(response.chunks()):
                self._samples_only |= not one.known
                if one.known and batch.add(one):
                    again.done.add(one.series.key)
                else:
                    again.note(one.series, one.surely_within(start, end))
                if batch.full:
                    yield from batch.points()
                    batch = ChunkBatch()
        except BrokenOff:  # Prometheus stumbles over some histograms when it trims their chunks
            again.broken_off = True
        yield from batch.points()

    def _post(
        self, selector: Selector, start: int, end: int, form: ReadRequest.ResponseType
    ) -> AbstractContextManager[Response]:
        return self._server.post(PATH, request_body(selector, start, end, form), HEADERS)


class _Again:
    """What must come once more, as plain samples. One question brings it, and what is `done` beside it."""

    def __init__(self) -> None:
        self.done: set[int] = set()
        self.broken_off = False
        self._undecoded: set[int] = set()
        self._sure: dict[int, Series] = {}

    @property
    def needed(self) -> bool:
        return self.broken_off or bool(self._undecoded)

    def note(self, series: Series, sure: bool) -> None:
        """One that cannot be decoded; `sure` when it has a sample in the range for certain."""
        self._undecoded.add(series.key)
        if sure:
            self._sure[series.key] = series

    def picked(self, messages: Iterable[tuple[Series, TimeSeries]]) -> Iterator[tuple[Series, TimeSeries]]:
        """What is still missing. Prometheus 2.42 leaves native histograms out here without a word."""
        for series, message in messages:
            if series.key in self._undecoded or (self.broken_off and series.key not in self.done):
                if message.samples or message.histograms:
                    self._sure.pop(series.key, None)
                elif self.broken_off:
                    self._sure[series.key] = series
                yield series, message
        for series in self._sure.values():
            raise Refused(
                f"remote read: the chunks of {series.name!r} cannot be decoded, and the server does not send it as"
                " plain samples; read this series with the query API",
                _OK,
            )


def _messages(response: Response) -> Iterator[tuple[Series, TimeSeries]]:
    if response.content_type and "protobuf" not in response.content_type:
        raise Refused(f"remote read: the answer is {response.content_type!r}, not of that protocol", _OK)
    return ((series_of(message.labels), message) for message in time_series(response.chunks()))


def _plain(messages: Iterable[tuple[Series, TimeSeries]]) -> Iterator[Points]:
    waiting: list[tuple[Series, TimeSeries]] = []
    count = 0
    for series, message in messages:
        if message.histograms:
            yield as_classic(series, [histogram_sample(one) for one in message.histograms])
        waiting.append((series, message))
        count += len(message.samples)
        if count >= _FULL_SAMPLES:
            yield _floats(waiting)
            waiting, count = [], 0
    if count:
        yield _floats(waiting)


def _floats(waiting: list[tuple[Series, TimeSeries]]) -> Points:
    counts = [len(message.samples) for _, message in waiting]
    total = sum(counts)
    return Points(
        tuple(series for series, _ in waiting),
        np.repeat(np.arange(len(waiting), dtype=np.int32), counts),
        np.fromiter((sample.timestamp for _, message in waiting for sample in message.samples), np.int64, total),
        np.fromiter((sample.value for _, message in waiting for sample in message.samples), np.float64, total),
    )

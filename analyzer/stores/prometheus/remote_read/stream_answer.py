"""Takes apart a streamed answer: the chunks of each series, and which of them can be decoded here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from google.protobuf.message import DecodeError

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.histograms import HistogramSample, as_classic
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.remote_read import histogram_chunks, xor_chunks
from analyzer.stores.prometheus.remote_read.frames import frames
from analyzer.stores.prometheus.remote_read.remote_pb2 import Chunk, ChunkedReadResponse, Label
from exporters.series import Series

_FULL_CHUNKS = 20_000
_FULL_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class StreamedSeries:
    """All chunks of one series."""

    series: Series
    chunks: tuple[Chunk, ...]

    @property
    def known(self) -> bool:
        """Whether all of its chunks are of a kind that is decoded here."""
        return all(chunk.type in (Chunk.XOR, Chunk.HISTOGRAM, Chunk.FLOAT_HISTOGRAM) for chunk in self.chunks)

    def surely_within(self, start: int, end: int) -> bool:
        """Whether it has a sample in the range for certain; a chunk need not be trimmed to it."""
        return any(start <= at <= end for chunk in self.chunks for at in (chunk.min_time_ms, chunk.max_time_ms))


def series_of(labels: Iterable[Label]) -> Series:
    """The series of a message's labels."""
    pairs = {label.name: label.value for label in labels}
    return Series.of(pairs.pop("__name__", ""), pairs.items())


def streamed_series(pieces: Iterable[bytes]) -> Iterator[StreamedSeries]:
    """The series as they come. A long one comes in several frames, which stand one after the other."""
    parts = (part for frame in frames(pieces) for part in _answer(frame).chunked_series)
    pairs = ((series_of(part.labels), part.chunks) for part in parts)
    for series, group in groupby(pairs, key=lambda pair: pair[0]):
        yield StreamedSeries(series, tuple(chunk for _, chunks in group for chunk in chunks))


class ChunkBatch:
    """Series whose chunks wait to be decoded together."""

    def __init__(self) -> None:
        self._series: list[Series] = []
        self._xor: list[bytes] = []
        self._owners: list[int] = []
        self._histograms: list[Points] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        return len(self._owners) >= _FULL_CHUNKS or self._bytes >= _FULL_BYTES

    def add(self, one: StreamedSeries) -> bool:
        """Takes a series of which all chunks are known. False where its histograms cannot be decoded after all."""
        try:
            histograms = _histograms(one.chunks)
        except Transient:  # a frame's checksum was right, so the server itself holds it so: asking again is no use
            return False
        if histograms:
            self._histograms.append(as_classic(one.series, histograms))
            self._bytes += self._histograms[-1].values.nbytes
        plain = [chunk.data for chunk in one.chunks if chunk.type == Chunk.XOR]
        self._owners.extend([len(self._series)] * len(plain))
        self._series.append(one.series)
        self._xor.extend(plain)
        self._bytes += sum(map(len, plain))
        return True

    def points(self) -> Iterator[Points]:
        """What was added, decoded."""
        yield from self._histograms
        if self._xor:
            decoded = xor_chunks.decode(self._xor)
            which = np.array(self._owners, np.int32)[decoded.chunk]
            yield Points(tuple(self._series), which, decoded.at, decoded.values)


def _answer(frame: bytes) -> ChunkedReadResponse:
    try:
        return ChunkedReadResponse.FromString(frame)
    except DecodeError as error:
        raise Transient("remote read: a frame holds no chunks; ask again") from error


def _histograms(chunks: Sequence[Chunk]) -> list[HistogramSample]:
    return [
        sample
        for chunk in chunks
        if chunk.type != Chunk.XOR
        for sample in histogram_chunks.decode(chunk.data, floats=chunk.type == Chunk.FLOAT_HISTOGRAM)
    ]

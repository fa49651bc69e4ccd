"""Takes apart an answer in plain samples: one snappy block that holds every series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

import pyarrow as pa
from google.protobuf.message import DecodeError

from analyzer.stores.prometheus.errors import TooMuch, Transient
from analyzer.stores.prometheus.histograms import HistogramSample
from analyzer.stores.prometheus.remote_read.native_buckets import NativeBuckets
from analyzer.stores.prometheus.remote_read.remote_pb2 import BucketSpan, Histogram, ReadResponse, TimeSeries

_LARGEST_BYTES = 1 << 30
_LONGEST_LENGTH = 5  # bytes of a uvarint below 2^32, which is all that snappy knows


def time_series(pieces: Iterable[bytes]) -> Iterator[TimeSeries]:
    """The series of the answer, parsed one at a time; the answer itself is in memory as a whole."""
    plain = _decompressed(_whole(pieces))
    try:
        answer = ReadResponse.FromString(plain)
        del plain
        for result in answer.results:
            for one in result.timeseries:
                yield TimeSeries.FromString(one)
    except DecodeError as error:
        raise _unreadable() from error


def histogram_sample(message: Histogram) -> HistogramSample:
    """One native histogram, with whole or fractional counts."""
    buckets = NativeBuckets.of(
        message.schema,
        message.zero_threshold,
        _pairs(message.negative_spans),
        _pairs(message.positive_spans),
        tuple(message.custom_values),
    )
    if message.WhichOneof("count") == "count_float":
        count, zero = message.count_float, message.zero_count_float
        negative, positive = list(message.negative_counts), list(message.positive_counts)
    else:
        count, zero = message.count_int, message.zero_count_int
        negative, positive = list(accumulate(message.negative_deltas)), list(accumulate(message.positive_deltas))
    return buckets.sample(message.timestamp, count, message.sum, zero, negative, positive)


def _pairs(spans: Iterable[BucketSpan]) -> list[tuple[int, int]]:
    return [(span.offset, span.length) for span in spans]


def _whole(pieces: Iterable[bytes]) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        _limit(len(body))
    return bytes(body)


def _decompressed(body: bytes) -> bytes:
    size = _plain_size(body)
    _limit(size)
    try:
        return bytes(pa.decompress(body, decompressed_size=size, codec="snappy", asbytes=True))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable() from error


def _plain_size(body: bytes) -> int:
    """The length that stands before a snappy block."""
    size = 0
    for number, byte in enumerate(body[:_LONGEST_LENGTH]):
        size |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return size
    raise _unreadable()


def _limit(size: int) -> None:
    if size > _LARGEST_BYTES:
        raise TooMuch(f"remote read: the answer holds more than {_LARGEST_BYTES >> 20:,} MiB; ask for less at once")


def _unreadable() -> Transient:
    return Transient("remote read: the answer in plain samples was cut or is damaged; ask again")

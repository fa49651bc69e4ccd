"""What the query API's JSON says: series and their samples as columns, without an object per sample.

{"status":"success","data":{"resultType":"matrix","result":[{"metric":{...},"values":[[1795500653.504,"12"],...]}]}}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.stores.prometheus.errors import Partial, Refused, Transient
from analyzer.stores.prometheus.histograms import HistogramSample, as_classic
from analyzer.stores.prometheus.points import Points
from exporters.series import Series

Warn = Callable[[str], None]

# Thanos, Cortex and Mimir, Prometheus with remote stores behind it.
_PARTIAL = re.compile(
    r"partial|truncated|rpc error|fetch series for|receive series from|failed to receive any data|unreachable"
    r"|unavailable|no StoreAPIs matched|remote_read|error sending request",
    re.IGNORECASE,
)
_TOGETHER_BYTES = 1 << 20
_Bucket = tuple[int, str, str, str]


class _Histogram(msgspec.Struct):
    count: str
    sum: str
    buckets: list[_Bucket] = []


class _Stream(msgspec.Struct):
    metric: dict[str, str]
    values: msgspec.Raw = msgspec.Raw(b"[]")
    histograms: list[tuple[float, _Histogram]] = []


class _Sample(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str] | None = None  # a native histogram has none


class _Matrix(msgspec.Struct):
    result: list[_Stream]


class _Instant(msgspec.Struct):
    resultType: str  # noqa: N815 - the server's spelling, here and below
    result: msgspec.Raw


class _Envelope(msgspec.Struct):
    status: str
    error: str = ""
    warnings: list[str] | None = None
    isPartial: bool = False  # noqa: N815 - VictoriaMetrics' cluster


class _MatrixAnswer(_Envelope):
    data: _Matrix | None = None


class _InstantAnswer(_Envelope):
    data: _Instant | None = None


class _ListAnswer(_Envelope):
    data: list[str] | None = None


class _SeriesAnswer(_Envelope):
    data: list[dict[str, str]] | None = None


Read = TypeVar("Read", bound=_Envelope)
_matrix = msgspec.json.Decoder(_MatrixAnswer)
_instant = msgspec.json.Decoder(_InstantAnswer)
_list = msgspec.json.Decoder(_ListAnswer)
_series = msgspec.json.Decoder(_SeriesAnswer)
_vector = msgspec.json.Decoder(list[_Sample])
_scalar = msgspec.json.Decoder(tuple[float, str])
_numbers = msgspec.json.Decoder(list[float])


def matrix(body: bytes, where: str, warn: Warn) -> Points:
    """A matrix; native histograms come as the classic series that they stand for."""
    answer = _read(_matrix, body, where, warn)
    streams = answer.data.result if answer.data else []
    named = [Series.of(one.metric.pop("__name__", ""), one.metric.items()) for one in streams]
    try:
        parts = [_floats(named, [one.values for one in streams])]
        for series, one in zip(named, streams, strict=True):
            if one.histograms:
                parts.append(as_classic(series, [_histogram(at, sample) for at, sample in one.histograms]))
    except (msgspec.DecodeError, pa.ArrowInvalid, ValueError):
        raise Refused(f"{where}: samples that are no numbers", 200) from None
    return joined(parts)


def vector(body: bytes, where: str, warn: Warn) -> list[tuple[dict[str, str], float]]:
    """Labels, name among them, and value; a scalar has no labels. Native histograms and texts are left out."""
    answer = _read(_instant, body, where, warn)
    if answer.data is None or answer.data.resultType not in ("vector", "scalar"):
        return []
    try:
        if answer.data.resultType == "scalar":
            return [({}, float(_scalar.decode(answer.data.result)[1]))]
        samples = _vector.decode(answer.data.result)
        return [(one.metric, float(one.value[1])) for one in samples if one.value is not None]
    except (msgspec.DecodeError, ValueError):
        raise Refused(f"{where}: values that are no numbers", 200) from None


def texts(body: bytes, where: str, warn: Warn) -> list[str]:
    """A list of label names or values."""
    return _read(_list, body, where, warn).data or []


def label_sets(body: bytes, where: str, warn: Warn) -> list[dict[str, str]]:
    """A list of series, each its labels with the name among them."""
    return _read(_series, body, where, warn).data or []


def joined(parts: Sequence[Points]) -> Points:
    """All of them in one."""
    offsets = np.cumsum([0, *(len(part.series) for part in parts)])
    return Points(
        tuple(series for part in parts for series in part.series),
        np.concatenate(
            [np.empty(0, np.int32), *(part.which + int(first) for part, first in zip(parts, offsets, strict=False))],
            dtype=np.int32,
        ),
        np.concatenate([np.empty(0, np.int64), *(part.at for part in parts)]),
        np.concatenate([np.empty(0, np.float64), *(part.values for part in parts)]),
    )


def _read(decoder: msgspec.json.Decoder[Read], body: bytes, where: str, warn: Warn) -> Read:
    try:
        answer = decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if "truncated" in str(error) and body.lstrip()[:1] == b"{":
            raise Transient(f"{where}: an answer without its end") from None
        raise Refused(f"{where} does not answer as Prometheus would: is the URL that of its API?", 200) from None
    if answer.status != "success":
        raise Refused(f"{where} answers: {answer.error[:300]}", 200)
    if answer.isPartial:
        raise Partial(f"{where}: a partial answer: some of its storage nodes did not answer")
    for text in answer.warnings or ():
        if _PARTIAL.search(text) and not text.startswith("PromQL "):
            raise Partial(f"{where}: a partial answer: {text[:300]}")
        warn(text)
    return answer


def _floats(series: Sequence[Series], rows: Sequence[msgspec.Raw]) -> Points:
    """Many short series are decoded together, long ones by themselves: lists of Python's numbers are large."""
    counts, numbers, waiting, size = [], [np.empty(0)], list[bytes](), 0
    for row in rows:
        text = bytes(row).translate(None, b'[]" \t\r\n')
        counts.append((text.count(b",") + 1) // 2 if text else 0)
        if text:
            waiting.append(text)
            size += len(text)
        if size > _TOGETHER_BYTES:
            numbers.append(_numbers_of(b",".join(waiting)))
            waiting, size = [], 0
    numbers.append(_numbers_of(b",".join(waiting)))
    flat = np.concatenate(numbers)
    if len(flat) != 2 * sum(counts):
        raise ValueError("a time without a value")
    which = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Points(tuple(series), which, np.rint(flat[::2] * 1000).astype(np.int64), flat[1::2])


def _numbers_of(text: bytes) -> npt.NDArray[np.float64]:
    """Of a list with commas. Decoded as JSON's numbers: the fastest of five ways by far."""
    try:
        found = _numbers.decode(b"[" + text + b"]")
    except msgspec.DecodeError:  # NaN, +Inf, -Inf
        words = pa.array(text.split(b","), pa.string()).cast(pa.float64())
        return np.asarray(words.to_numpy(zero_copy_only=False), np.float64)
    return np.fromiter(found, np.float64, len(found))


def _histogram(at: float, one: _Histogram) -> HistogramSample:
    buckets = [bucket for bucket in one.buckets if bucket[2] != "+Inf"]  # that one is `count`
    return HistogramSample(
        round(at * 1000),
        float(one.count),
        float(one.sum),
        tuple(float(upper) for _, _, upper, _ in buckets),
        tuple(float(count) for _, _, _, count in buckets),
    )

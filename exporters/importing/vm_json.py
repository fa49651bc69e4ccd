"""Reads what VictoriaMetrics answers under /api/v1/export: JSON lines, one series or a part of one in each.

    {"metric":{"__name__":"up","job":"vllm"},"values":[1,null],"timestamps":[1795500648279,1795500649279]}

Times are milliseconds; `null` is a stale marker. Some versions write the bare words NaN, +Inf, -Inf, which is no JSON.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np

from exporters.importing.batch import Batch, Found, keep_timed
from exporters.importing.lines import Input
from exporters.pages.series_cache import SeriesCache
from exporters.recording.stale import STALE

LINE_BYTES = 256 << 20  # some ten million samples: the server puts a whole series on one line
_SLICE = 100_000
_VALUES = re.compile(rb'"values"\s*:\s*\[([^\]]*)\]')
_WORD = re.compile(rb'(?<!["\w.+-])[+-]?(?:nan|inf(?:inity)?)(?!\w)', re.IGNORECASE)


class _Line(msgspec.Struct):
    metric: dict[str, str]
    values: list[float | None]
    timestamps: list[int]


class _LineWithWords(msgspec.Struct):
    metric: dict[str, str]
    values: list[float | str | None]
    timestamps: list[int]


_plain = msgspec.json.Decoder(_Line)
_with_words = msgspec.json.Decoder(_LineWithWords)


def read_vm_json(path: Path, labels: Mapping[str, str]) -> Iterator[Batch]:
    """The file's samples, line by line, long lines in slices."""
    cache = SeriesCache(labels, bound=1)
    number = 0
    with Input(path) as file:
        for chunk in file.whole_lines(LINE_BYTES):
            for line in chunk.split(b"\n"):
                number += 1
                if line.strip():
                    yield from _batches(path, number, line, cache, file.position)
            number -= chunk.endswith(b"\n")
        if file.damage:
            yield Batch(notes=[Found(path, number + 1, "truncated", file.damage)])


def _batches(path: Path, number: int, line: bytes, cache: SeriesCache, position: int) -> Iterator[Batch]:
    try:
        metric, values, milliseconds = decode_line(line)
        at = array("d", (np.array(milliseconds, np.float64) / 1000).tobytes())
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError) as error:
        excerpt = line[:80].decode(errors="replace")
        yield Batch(notes=[Found(path, number, "malformed", f"{error}: {excerpt}")], bytes_read=position)
        return
    name = metric.pop("__name__")
    series, is_cut = cache.series(name, metric)
    notes = [Found(path, number, "long-label", f"a label value of {name} was cut")] if is_cut else []
    for start in range(0, len(values), _SLICE):
        part, times = values[start : start + _SLICE], at[start : start + _SLICE]
        batch = Batch([series] * len(part), part, times, notes if not start else [], bytes_read=position)
        yield keep_timed(batch, path, lambda _: number)


def decode_line(line: bytes) -> tuple[dict[str, str], array[float], list[int]]:
    """Labels, the name among them, values, unix milliseconds; raises `ValueError` or `msgspec.DecodeError`."""
    try:
        read = _plain.decode(line)
        values = array("d", [STALE if value is None else value for value in read.values])
    except msgspec.DecodeError:
        worded = _with_words.decode(_VALUES.sub(_quote_words, line, count=1))
        read = _Line(worded.metric, [], worded.timestamps)
        values = array("d", [STALE if value is None else float(value) for value in worded.values])
    if not read.metric.get("__name__"):
        raise ValueError("the metric has no __name__")
    if len(values) != len(read.timestamps):
        raise ValueError(f"{len(values)} values and {len(read.timestamps)} timestamps")
    return read.metric, values, read.timestamps


def _quote_words(values: re.Match[bytes]) -> bytes:
    return b'"values":[' + _WORD.sub(rb'"\g<0>"', values[1]) + b"]"

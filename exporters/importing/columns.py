"""The fast way through stamped text: a chunk's lines as columns, cut, counted and converted by Arrow.

A line `SERIES VALUE TIMESTAMP` is cut at its last two spaces. It is taken here only where SERIES is known to be a
whole series by itself, since then the other two can be nothing else; all other lines are left to the page parser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exporters.series import Series

_NEWLINE, _SPACE = 10, 32
_WORDS = frozenset({b"NaN", b"+Inf", b"-Inf"})  # float texts beyond digits that Arrow and Prometheus both take

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Columns:
    """What was taken: one entry per line, with its index in the chunk. `left` are the indices of all other lines.

    `at` is in seconds.
    """

    series: list[Series]
    values: npt.NDArray[np.float64]
    at: npt.NDArray[np.float64]
    lines: npt.NDArray[np.intp]
    left: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where the lines of a chunk start and end, the newline excluded."""

    starts: Positions
    ends: Positions

    @classmethod
    def of(cls, chunk: bytes) -> Cuts:
        ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _NEWLINE).astype(np.int32)
        starts = np.concatenate((np.zeros(1, np.int32), ends[:-1] + np.int32(1)))[: len(ends)]
        return cls(starts, ends)


def read_columns(
    chunk: bytes, cuts: Cuts, known: Callable[[bytes], Series | None], in_milliseconds: bool
) -> Columns | None:
    """The lines of known series, or None where one of their figures is none in Arrow's eyes.

    Timestamps are whole milliseconds, or seconds with a fraction. `known` says which series a text is, None if it is
    no whole series; it is asked once per text and chunk.
    """
    first, second, has_both = _last_spaces(chunk, cuts)
    lines = np.flatnonzero(has_both)
    texts = _pieces(chunk, cuts.starts[lines], first[lines]).dictionary_encode()
    meanings = [known(text) for text in texts.dictionary.to_pylist()]
    codes = texts.indices.to_numpy()
    is_known = np.array([meaning is not None for meaning in meanings], np.bool_)
    taken = is_known[codes] if len(codes) else np.zeros(0, np.bool_)
    lines, codes = lines[taken], codes[taken]
    figures = _pieces(chunk, first[lines] + np.int32(1), second[lines])
    values = _numbers(figures)
    at = _times(_pieces(chunk, second[lines] + np.int32(1), cuts.ends[lines]), in_milliseconds)
    if values is None or at is None:
        return None
    left = np.ones(len(cuts.ends), np.bool_)
    left[lines] = False
    series = [meaning for code in codes.tolist() if (meaning := meanings[code]) is not None]
    return Columns(series, values, at, lines, np.flatnonzero(left))


def _last_spaces(chunk: bytes, cuts: Cuts) -> tuple[Positions, Positions, npt.NDArray[np.bool_]]:
    """The last space but one and the last one of each line, and whether the line has both."""
    spaces = np.flatnonzero(np.frombuffer(chunk, np.uint8) == _SPACE).astype(np.int32)
    padded = np.concatenate((np.full(2, -1, np.int32), spaces))
    before = np.searchsorted(spaces, cuts.ends) + 1  # the last space before the end, in `padded`
    first, second = padded[before - 1], padded[before]
    return first, second, first >= cuts.starts


def _pieces(chunk: bytes, starts: Positions, ends: Positions) -> pa.Array:
    """The bytes between; Arrow sees the chunk itself, of which every second piece is wanted."""
    if not len(starts):
        return pa.array([], pa.binary())
    offsets = np.empty(2 * len(starts) + 1, np.int32)
    offsets[0:-1:2], offsets[1::2], offsets[-1] = starts, ends, ends[-1]
    pieces = pa.Array.from_buffers(
        pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(chunk)], null_count=0
    )
    return pieces.take(pa.array(np.arange(0, 2 * len(starts), 2, dtype=np.int32)))


def _numbers(figures: pa.Array) -> npt.NDArray[np.float64] | None:
    """Arrow takes what Prometheus takes, but for other spellings of NaN and infinity, and overflows."""
    try:
        values: npt.NDArray[np.float64] = pc.cast(pc.cast(figures, pa.string()), pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    odd = np.flatnonzero(~np.isfinite(values))
    if len(odd) and not _WORDS.issuperset(figures.take(pa.array(odd)).to_pylist()):
        return None
    return values


def _times(stamps: pa.Array, in_milliseconds: bool) -> npt.NDArray[np.float64] | None:
    try:
        numbers = pc.cast(pc.cast(stamps, pa.string()), pa.int64() if in_milliseconds else pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    at: npt.NDArray[np.float64] = numbers / 1000 if in_milliseconds else numbers
    return at if np.isfinite(at).all() else None

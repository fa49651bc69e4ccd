"""Decodes Prometheus's XOR chunks, thousands at once: sample k of every chunk is one step of numpy.

A chunk is: the number of samples (16 bits), the first time (varint) and value (64 bits), the second time as a
difference (uvarint), and then for each sample the change of that difference and the XOR with the value before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.stores.prometheus.remote_read.bit_columns import BitColumns, Bits, Ints, damaged

# What the first four bits of a changed difference say: bits of the mark, and of the number after it.
_MARK = np.array([1] * 8 + [2] * 4 + [3] * 2 + [4] * 2, np.uint64)
_WIDTH = np.array([0] * 8 + [14] * 4 + [17] * 2 + [20, 64], np.uint64)
_FOUR_ONES = 15
_WINDOW = 11  # bits that give the window of a value: 5 for the zeros before it, 6 for its length


@dataclass(frozen=True, slots=True)
class XorSamples:
    """Samples of many chunks, in parallel columns: the chunk's place in the batch, unix milliseconds, value."""

    chunk: npt.NDArray[np.int32]
    at: Ints
    values: npt.NDArray[np.float64]


def decode(chunks: Sequence[bytes]) -> XorSamples:
    """All samples of all chunks, those of one chunk in order; raises `Transient` where a chunk is damaged."""
    if any(len(chunk) < 2 for chunk in chunks):
        raise damaged("it has no header")
    counts = np.frombuffer(b"".join(chunk[:2] for chunk in chunks), ">u2").astype(np.int64)
    order = np.argsort(-counts, kind="stable")  # the longest first: those still going are always a slice
    # How many chunks have a sample number k, for every k.
    going = len(chunks) - np.cumsum(np.bincount(counts, minlength=1))[:-1]
    bits = BitColumns([chunks[number][2:] for number in order])
    at = np.empty(int(going.sum()), np.int64)
    values = np.empty(len(at), np.uint64)
    start = 0
    cursor = _Cursor(bits, len(chunks))
    for number, count in enumerate(going.tolist()):
        cursor.step(number, count)
        at[start : start + count] = cursor.at[:count]
        values[start : start + count] = cursor.values[:count]
        start += count
    chunk = np.concatenate([np.empty(0, np.int32), *(order[:count].astype(np.int32) for count in going.tolist())])
    return XorSamples(chunk, at, values.view(np.float64))


class _Cursor:
    """Where each chunk stands: its last time, difference and value, and the window of the last changed value."""

    def __init__(self, bits: BitColumns, chunks: int) -> None:
        self._bits = bits
        self.at: Ints = np.zeros(chunks, np.int64)
        self._difference: Ints = np.zeros(chunks, np.int64)
        self.values: Bits = np.zeros(chunks, np.uint64)
        self._before = np.zeros(chunks, np.uint64)  # zeros before the window of the last changed value
        self._after = np.zeros(chunks, np.uint64)  # and those after it

    def step(self, number: int, count: int) -> None:
        """Goes on to sample `number` of the first `count` chunks."""
        if number == 0:
            zigzag = self._bits.take_uvarint(count)
            self.at[:count] = (zigzag >> 1).view(np.int64) ^ -(zigzag & 1).view(np.int64)
            self.values[:count] = self._bits.take_64(count)
        elif number == 1:
            self._difference[:count] = self._bits.take_uvarint(count).view(np.int64)
            self.at[:count] += self._difference[:count]
            self._value(count, self._bits.first_56(self._bits.place[:count]))
        else:
            self._value(count, self._time(count))
        self._bits.check(count)

    def _time(self, count: int) -> Bits:
        """Moves the times on; gives the bits that follow."""
        place = self._bits.place[:count]
        head = self._bits.first_56(place)
        kind = (head >> 60).view(np.int64)
        mark, width = _MARK.take(kind), _WIDTH.take(kind)
        change = (head << mark >> (64 - width)).view(np.int64)
        size = np.int64(1) << width.view(np.int64)
        change -= np.where(change > size >> 1, size, 0)
        long = np.flatnonzero(kind == _FOUR_ONES)
        if len(long):
            change[long] = self._bits.all_64(place[long] + 4).view(np.int64)
        self._difference[:count] += change
        self.at[:count] += self._difference[:count]
        place += (mark + width).view(np.int64)
        rest = head << (mark + width)
        if len(long):
            rest[long] = self._bits.first_56(place[long])
        return rest

    def _value(self, count: int, head: Bits) -> None:
        """Moves the values on; `head` holds the bits that stand next, 13 of them at least."""
        place = self._bits.place[:count]
        changed = np.flatnonzero(head >> 63)
        place += 1
        if not len(changed):
            return
        head = head[changed]
        fresh = (head >> 62 & 1).astype(bool)
        self._windows(changed[fresh], head[fresh])
        before, after = self._before[changed], self._after[changed]
        skip = 1 + _WINDOW * fresh.astype(np.int64)
        bits = self._bits.all_64(place[changed] + skip)
        self.values[changed] ^= bits >> (before + after) << after
        place[changed] += skip + (64 - before - after).view(np.int64)

    def _windows(self, which: Ints, head: Bits) -> None:
        before = head >> 57 & 31
        length = head >> 51 & 63
        length[length == 0] = 64  # six bits cannot say it
        if bool((before + length > 64).any()):
            raise damaged("a value of more than 64 bits")
        self._before[which] = before
        self._after[which] = 64 - before - length

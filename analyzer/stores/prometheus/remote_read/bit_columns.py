"""Reads the bits of thousands of chunks side by side: one call takes the next bits of every chunk at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from analyzer.stores.prometheus.errors import Transient

Ints = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]

_PAD = bytes(64)  # more than one step of a decoder may run past the last chunk before `check` is asked
_LONGEST_VARINT = 10


class BitColumns:
    """The chunks in one buffer. `place` is the next bit of each, counted from the start of the buffer."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        lengths = np.fromiter(map(len, chunks), np.int64, len(chunks))
        self._bytes = np.frombuffer(b"".join((*chunks, _PAD)), np.uint8)
        first = self._bytes[:8].view(">u8")
        # One 64-bit word for each byte, overlapping: the word at any bit is a shift away.
        self._words = as_strided(first, shape=(len(self._bytes) - 8,), strides=(1,), writeable=False)
        self.end: Ints = np.cumsum(lengths) * 8
        self.place: Ints = self.end - lengths * 8

    def first_56(self, place: Ints) -> Bits:
        """The bits at `place`, leftmost first; at least 56 of the 64 are real."""
        words: Bits = self._words[place >> 3].astype(np.uint64)
        return words << (place & 7).view(np.uint64)

    def all_64(self, place: Ints) -> Bits:
        """The 64 bits at `place`."""
        after = self._bytes[(place >> 3) + 8].astype(np.uint64)
        bits: Bits = self.first_56(place) | after >> (8 - (place & 7)).view(np.uint64)
        return bits

    def take_64(self, count: int) -> Bits:
        """The next 64 bits of the first `count` chunks."""
        bits = self.all_64(self.place[:count])
        self.place[:count] += 64
        return bits

    def take_uvarint(self, count: int) -> Bits:
        """The next varint of the first `count` chunks, which stand at the border of a byte."""
        found = np.zeros(count, np.uint64)
        going = np.arange(count)
        for number in range(_LONGEST_VARINT):
            byte = self._bytes[self.place[going] >> 3].astype(np.uint64)
            found[going] |= (byte & 0x7F) << np.uint64(7 * number)
            self.place[going] += 8
            going = going[byte >= 0x80]
            if not len(going):
                return found
        raise damaged("a number of more than ten bytes")

    def check(self, count: int) -> None:
        """Raises where one of the first `count` chunks has no bits left for what was taken."""
        if bool((self.place[:count] > self.end[:count]).any()):
            raise damaged("it ends before its samples do")


def damaged(what: str) -> Transient:
    """The error for a chunk that no server can have meant."""
    return Transient(f"remote read: the answer holds a damaged chunk: {what}; ask again")

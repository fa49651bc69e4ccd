"""XOR chunks there and back, through an encoder of one sample after the other."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.remote_read import xor_chunks

Sample = tuple[int, int]  # unix milliseconds, the bits of the value

HOSTILE = [
    0x7FF0000000000002,  # stale
    0x7FF8000000000001,  # NaN
    0xFFFFFFFFFFFFFFFF,
    0x7FF0000000000000,
    0xFFF0000000000000,
    0x8000000000000000,  # -0.0
    0x0000000000000000,
    0x0000000000000001,  # the smallest
    0x3FF0000000000000,
    0x4059000000000000,
    0x4059400000000000,
    0x7FEFFFFFFFFFFFFF,
]
VALUES = st.one_of(st.sampled_from(HOSTILE), st.integers(0, 2**64 - 1))
GAPS = st.one_of(
    st.sampled_from([0, 1, 15_000]),
    st.integers(14_990, 15_010),
    *(st.integers(2 ** (width - 2), 2 ** (width + 1)) for width in (14, 17, 20, 40)),
)
ROWS = st.lists(st.tuples(GAPS, VALUES), max_size=40)


@st.composite
def chunk_samples(draw: st.DrawFn) -> list[Sample]:
    """The samples of one chunk, at times that never go back."""
    at = draw(st.integers(-(2**62), 2**61))
    found = []
    for gap, value in draw(ROWS):
        at += gap
        found.append((at, value))
    return found


@dataclass
class Encoder:
    """Writes a chunk straight from the format, bit by bit as text."""

    text: str = ""
    before: int = 65  # no value fits into the first window
    after: int = 0
    times: list[int] = field(default_factory=list)

    def uvarint(self, number: int) -> None:
        while number >= 0x80:
            self.text += f"{number & 0x7F | 0x80:08b}"
            number >>= 7
        self.text += f"{number:08b}"

    def time(self, at: int) -> None:
        self.times.append(at)
        if len(self.times) == 1:
            self.uvarint(2 * at if at >= 0 else -2 * at - 1)
        elif len(self.times) == 2:
            self.uvarint(at - self.times[0])
        else:
            self.change(at - 2 * self.times[-2] + self.times[-3])

    def change(self, number: int) -> None:
        if number == 0:
            self.text += "0"
            return
        for mark, width in (("10", 14), ("110", 17), ("1110", 20), ("1111", 64)):
            if width == 64 or 1 - 2 ** (width - 1) <= number <= 2 ** (width - 1):
                self.text += mark + f"{number % 2**width:0{width}b}"
                return

    def value(self, value: int, last: int) -> None:
        changed = value ^ last
        if changed == 0:
            self.text += "0"
            return
        word = f"{changed:064b}"
        before, after = min(31, len(word) - len(word.lstrip("0"))), len(word) - len(word.rstrip("0"))
        if before >= self.before and after >= self.after:
            self.text += "10" + word[self.before : 64 - self.after]
            return
        self.before, self.after = before, after
        self.text += f"11{before:05b}{(64 - before - after) % 64:06b}" + word[before : 64 - after]


def encoded(samples: list[Sample]) -> bytes:
    encoder = Encoder(f"{len(samples):016b}")
    last = None
    for at, value in samples:
        encoder.time(at)
        if last is None:
            encoder.text += f"{value:064b}"
        else:
            encoder.value(value, last)
        last = value
    text = encoder.text + "0" * (-len(encoder.text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def decoded(chunks: list[bytes]) -> list[list[Sample]]:
    found = xor_chunks.decode(chunks)
    rows: list[list[Sample]] = [[] for _ in chunks]
    for chunk, at, value in zip(found.chunk, found.at.tolist(), found.values.view(np.uint64).tolist(), strict=True):
        rows[chunk].append((at, value))
    return rows


@given(st.lists(chunk_samples(), max_size=8))
def test_every_bit_of_every_sample_comes_back(batch: list[list[Sample]]) -> None:
    assert decoded([encoded(samples) for samples in batch]) == batch


@given(st.lists(chunk_samples(), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_a_batch_does_not_matter(batch: list[list[Sample]], shuffled: random.Random) -> None:
    order = list(range(len(batch)))
    shuffled.shuffle(order)
    assert decoded([encoded(batch[place]) for place in order]) == [batch[place] for place in order]


@given(chunk_samples().filter(bool), chunk_samples(), st.data())
def test_a_chunk_that_was_cut_is_an_error(cut: list[Sample], whole: list[Sample], data: st.DataObject) -> None:
    chunk = encoded(cut)
    end = data.draw(st.integers(0, len(chunk) - 1))
    with pytest.raises(Transient, match="damaged chunk"):
        xor_chunks.decode([encoded(whole), chunk[:end], encoded(whole)])


@given(st.lists(st.binary(max_size=200)))
def test_noise_is_decoded_or_refused(chunks: list[bytes]) -> None:
    try:
        found = xor_chunks.decode(chunks)
    except Transient:
        return
    assert len(found.at) == sum(int.from_bytes(chunk[:2], "big") for chunk in chunks)


def test_a_window_of_more_than_64_bits_is_an_error() -> None:
    start = f"{2:016b}" + "0" * 8 + "0" * 64 + "0" * 8  # two samples, both at 0
    bits = start + "11" + f"{31:05b}{40:06b}" + "1" * 76
    with pytest.raises(Transient, match="more than 64 bits"):
        xor_chunks.decode([int(bits + "0" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")])

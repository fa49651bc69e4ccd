"""Decodes the chunks of native histograms, one sample after the other; they are few beside those of plain numbers.

A chunk is: the number of samples (16 bits), a hint on resets (8), the layout of the buckets, and then for each sample
its time, count, zero count, sum and buckets, each as a change against the sample before.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from itertools import accumulate

from analyzer.stores.prometheus.histograms import HistogramSample, is_stale
from analyzer.stores.prometheus.remote_read.bit_columns import damaged
from analyzer.stores.prometheus.remote_read.native_buckets import CUSTOM, NativeBuckets

_HEADER = 3
_WIDTHS = (0, 3, 6, 9, 12, 18, 25, 56, 64)  # bits of a number, by the ones that stand before it
_SPELLED_OUT = 255  # a zero threshold that is no power of two


def decode(data: bytes, floats: bool) -> list[HistogramSample]:
    """The samples of a chunk with whole (or, `floats`, with fractional) counts; `Transient` where it is damaged."""
    if len(data) < _HEADER:
        raise damaged("it has no header")
    number = int.from_bytes(data[:2], "big")
    return list(_samples(_Bits(data[_HEADER:]), number, floats)) if number else []


def _samples(bits: _Bits, number: int, floats: bool) -> Iterator[HistogramSample]:
    buckets = _layout(bits)
    time, total = _Whole(signed=True), _Fraction()
    count, zero = (_Fraction(), _Fraction()) if floats else (_Whole(signed=False), _Whole(signed=False))
    positive: list[_Whole | _Fraction] = [_bucket(floats) for _ in buckets.positive]
    negative: list[_Whole | _Fraction] = [_bucket(floats) for _ in buckets.negative]
    for _ in range(number):
        at, all_of_it, near_zero, added_up = time.next(bits), count.next(bits), zero.next(bits), total.next(bits)
        if is_stale(added_up):  # nothing else of it is written
            yield HistogramSample(at, 0.0, added_up, (), ())
            continue
        above = [one.next(bits) for one in positive]
        below = [one.next(bits) for one in negative]
        if not floats:  # each is then the difference to the bucket before it
            above, below = list(accumulate(above)), list(accumulate(below))
        yield buckets.sample(at, all_of_it, added_up, near_zero, below, above)


def _bucket(floats: bool) -> _Whole | _Fraction:
    return _Fraction() if floats else _Whole(signed=True)


def _layout(bits: _Bits) -> NativeBuckets:
    zero_threshold = _zero_threshold(bits)
    schema = bits.signed()
    positive = _spans(bits)
    negative = _spans(bits)
    custom = tuple(_custom_bound(bits) for _ in range(bits.unsigned())) if schema == CUSTOM else ()
    return NativeBuckets.of(schema, zero_threshold, negative, positive, custom)


def _zero_threshold(bits: _Bits) -> float:
    code = bits.take(8)
    if code == _SPELLED_OUT:
        return _float(bits.take(64))
    return math.ldexp(0.5, code - 243) if code else 0.0


def _spans(bits: _Bits) -> list[tuple[int, int]]:
    spans = []
    room = bits.left  # each bucket takes a bit at least: a damaged length must not fill the memory
    for _ in range(bits.unsigned()):
        length, gap = bits.unsigned(), bits.signed()
        room -= length
        if room < 0:
            raise damaged("more buckets than bits")
        spans.append((gap, length))
    return spans


def _custom_bound(bits: _Bits) -> float:
    thousandths = bits.unsigned()  # one more than that; 0 says that the bound is written out
    return (thousandths - 1) / 1000 if thousandths else _float(bits.take(64))


class _Bits:
    """The bits of one chunk, read from the left."""

    def __init__(self, data: bytes) -> None:
        self._data = data + bytes(9)
        self._end = len(data) * 8
        self._place = 0

    @property
    def left(self) -> int:
        return self._end - self._place

    def take(self, count: int) -> int:
        """The next bits, 64 at most."""
        value = self._peek(count)
        self._place += count
        if self._place > self._end:
            raise damaged("it ends before its samples do")
        return value

    def unsigned(self) -> int:
        """A number with as many ones before it as its width asks for."""
        return self._number()[0]

    def signed(self) -> int:
        """The same, where the upper half of the width stands for what is below zero."""
        value, width = self._number()
        return value - (1 << width) if width and value > 1 << (width - 1) else value

    def _number(self) -> tuple[int, int]:
        ones = 8 - (self._peek(8) ^ 0xFF).bit_length()
        self.take(min(ones + 1, 8))
        width = _WIDTHS[ones]
        return (self.take(width) if width else 0), width

    def _peek(self, count: int) -> int:
        start, within = divmod(self._place, 8)
        word = int.from_bytes(self._data[start : start + 9], "big")
        return word >> (72 - within - count) & ((1 << count) - 1)


class _Whole:
    """A number of which first the value comes, then its change, then the change of that."""

    def __init__(self, signed: bool) -> None:
        self._signed = signed
        self._seen = 0
        self._value = 0
        self._change = 0

    def next(self, bits: _Bits) -> int:
        """Its value in the next sample."""
        if self._seen == 0:
            self._value = bits.signed() if self._signed else bits.unsigned()
        else:
            self._change = bits.signed() + (self._change if self._seen > 1 else 0)
            self._value += self._change
        self._seen += 1
        return self._value


class _Fraction:
    """A float of which first the bits come, then what to XOR them with, as in the chunks of plain numbers."""

    def __init__(self) -> None:
        self._started = False
        self._value = 0
        self._length = 64
        self._after = 0

    def next(self, bits: _Bits) -> float:
        """Its value in the next sample."""
        if not self._started:
            self._started = True
            self._value = bits.take(64)
        elif bits.take(1):
            if bits.take(1):
                self._window(bits)
            self._value ^= bits.take(self._length) << self._after
        return _float(self._value)

    def _window(self, bits: _Bits) -> None:
        before = bits.take(5)
        self._length = bits.take(6) or 64  # six bits cannot say 64
        self._after = 64 - before - self._length
        if self._after < 0:
            raise damaged("a value of more than 64 bits")


def _float(bits: int) -> float:
    value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    return value

"""Lines come out whole, however they came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.sources.neuron.lines import Lines


@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 7))
def test_lines_do_not_depend_on_the_chunks(pieces: list[bytes], size: int) -> None:
    stream = b"".join(pieces)
    lines = Lines()
    found = [line for first in range(0, len(stream), size) for line in lines.feed(stream[first : first + size])]
    assert found == [line for line in stream.split(b"\n")[:-1] if line.strip()]


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(1, 9))
def test_a_line_that_is_too_long_costs_only_itself(lengths: list[int], size: int) -> None:
    stream = b"".join(b"x" * length + b"\n" for length in lengths)
    lines = Lines(longest=10)
    found = [line for first in range(0, len(stream), size) for line in lines.feed(stream[first : first + size])]
    assert [len(line) for line in found] == [length for length in lengths if 0 < length <= 10]
    assert lines.oversize == sum(length > 10 for length in lengths)

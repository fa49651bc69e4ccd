"""Whole lines from any chunk size, packed or not, and what happens to damaged files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.importing.lines import Input
from exporters.source import SourceFailed

BODIES = st.binary(max_size=300) | st.text("ab\n", max_size=300).map(str.encode)


def chunks(path: Path, size: int, longest: int = 1_000_000) -> list[bytes]:
    with Input(path) as file:
        return list(file.whole_lines(longest, size))


@settings(deadline=None)
@given(body=BODIES.filter(lambda body: not body.startswith(b"\x1f\x8b")), size=st.integers(1, 400))
def test_every_chunk_but_the_last_ends_a_line(tmp_path_factory: pytest.TempPathFactory, body: bytes, size: int) -> None:
    path = tmp_path_factory.mktemp("lines") / "f"
    for packed in (body, gzip.compress(body)):
        path.write_bytes(packed)
        found = chunks(path, size)
        assert b"".join(found) == body
        assert all(chunk.endswith(b"\n") for chunk in found[:-1])
        assert b"" not in found


def test_an_over_long_line_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a\n" + b"x" * 10_000 + b"\nb\n")
    found = chunks(path, 10, longest=100)
    assert max(map(len, found)) < 150
    assert b"".join(found).count(b"\n") == 3


def test_two_gzip_members_are_one_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(gzip.compress(b"a\nb") + gzip.compress(b"c\n"))
    assert b"".join(chunks(tmp_path / "f", 100)) == b"a\nbc\n"


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_gives_what_came_before(tmp_path: Path, damage: str) -> None:
    lines = b"".join(b"%d\n" % number for number in range(200_000))
    packed = bytearray(gzip.compress(lines))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[len(packed) // 2] ^= 0xFF
    (tmp_path / "f").write_bytes(packed)
    with Input(tmp_path / "f") as file:
        found = b"".join(file.whole_lines(100))
        assert file.damage
    assert len(found) > 100_000
    if damage == "cut":
        assert lines.startswith(found)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="cannot be read"):
        Input(tmp_path / "none")

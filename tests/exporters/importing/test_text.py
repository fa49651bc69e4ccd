"""Text with timestamps: the same samples at any chunk size, notes with their line, both units of time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.importing.batch import Found
from exporters.importing.text import read_text
from exporters.importing.whole_series import WholeSeries

LINES = [
    "# TYPE a counter",
    'a_total{b="c d"} 1 10',
    "x 2.5 25.5",
    "x{",
    "",
    "x 3",
    "x 1e999 40",
    "x NaN 55",
    "# EOF",
    "y 1 -5",
]


def read(
    path: Path, labels: Mapping[str, str] | None = None, chunk_bytes: int = 1 << 20
) -> tuple[list[tuple[str, str, float]], list[Found]]:
    """(name, value, at) in file order for each series, and the notes."""
    rows: list[tuple[str, str, float]] = []
    notes: list[Found] = []
    for batch in read_text(path, WholeSeries(labels or {}), chunk_bytes):
        columns = zip(batch.series, batch.values, batch.at, strict=True)
        rows += [(f"{one.name}{dict(one.labels)}", str(value), at) for one, value, at in columns]
        notes += batch.notes
    return sorted(rows, key=lambda row: row[2]), notes


@settings(deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES), max_size=30),
    end=st.sampled_from(["\n", "\r\n"]),
    tail=st.sampled_from(["", "# EOF", "# EOF\n", "x 1 70"]),
    size=st.integers(1, 200),
)
def test_chunk_borders_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, tail: str, size: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "f.om"
    path.write_bytes(("".join(line + end for line in lines) + tail).encode())
    rows, notes = read(path)
    few_rows, few_notes = read(path, chunk_bytes=size)
    assert few_rows == rows
    if "a timestamp outside" not in str(notes) and "no timestamp" not in str(notes):
        assert [(note.line, note.kind) for note in few_notes] == [(note.line, note.kind) for note in notes]
    assert len(rows) == sum(line in ('a_total{b="c d"} 1 10', "x 2.5 25.5", "x NaN 55") for line in lines)


def test_notes_have_their_line(tmp_path: Path) -> None:
    path = tmp_path / "f.om"
    path.write_text("# TYPE x gauge\nx 1 10\nx{ 1\nx 2 20\nx 3\ny 1 1e300\nx 4 40\n# EOF\n")
    rows, notes = read(path)
    assert [row[2] for row in rows] == [10, 20, 40]
    assert {(note.line, note.kind) for note in notes} == {(3, "malformed"), (5, "no-time"), (6, "no-time")}
    assert all(note.file == path for note in notes)


def test_milliseconds_are_known_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text('x{a="b"} 1 1795500693487\nx{a="b"} 2 1795500694487\n')
    rows, notes = read(path, {"job": "j"})
    assert [row[2] for row in rows] == [1795500693.487, 1795500694.487]
    assert not notes
    assert rows[0][0] == "x{'a': 'b', 'job': 'j'}"


@pytest.mark.parametrize(
    ("end", "line"), [("x 2 20", 3), ("x 2 20\n", 3), ("x 2 2", 3), ("# EO", 3)], ids=["line", "eof", "stamp", "mark"]
)
def test_a_cut_file_keeps_its_whole_lines(tmp_path: Path, end: str, line: int) -> None:
    path = tmp_path / "f.om"
    path.write_text("# TYPE x gauge\nx 1 10\n" + end)
    rows, notes = read(path)
    assert len(rows) == 1 + end.endswith("\n")
    assert notes[0].kind == "truncated"
    assert notes[0].line == line


def test_exports_one_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "f.om"
    path.write_text("x 1 10\n# EOF\nx 1 20\n# EOF\n")
    rows, notes = read(path)
    assert len(rows) == 2
    assert not notes


def test_no_bytes_stop_it(tmp_path: Path) -> None:
    path = tmp_path / "f.om"
    path.write_bytes(
        b"\xef\xbb\xbfx 1 10\n" + bytes(range(256)) + b"\nx\xff 1 10\n" + b"y" * (9 << 20) + b"\nx 2 20\n# EOF\n"
    )
    rows, notes = read(path)
    assert [row[2] for row in rows if row[0] == "x{}"] == [10, 20]
    assert {"malformed", "utf-8", "long-line"} <= {note.kind for note in notes}

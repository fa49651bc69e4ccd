"""A folder of pages is the history of one target."""

from __future__ import annotations

import gzip
from pathlib import Path

from exporters.importing.batch import Batch
from exporters.importing.inputs import find_inputs
from exporters.importing.pages import read_pages


def read(folder: Path, **labels: str) -> list[Batch]:
    (one,) = find_inputs([folder], None).found
    assert one.target is not None
    return list(read_pages(one.target, labels))


def rows(batch: Batch) -> dict[str, float | None]:
    """By name; None is a stale marker."""
    assert len(set(batch.at)) == 1
    return {one.name: value if value == value else None for one, value in zip(batch.series, batch.values, strict=True)}


def pages(tmp_path: Path, *bodies: bytes) -> Path:
    folder = tmp_path / "pod-a"
    folder.mkdir()
    for number, body in enumerate(bodies):
        (folder / f"179536386{number}.25.prom").write_bytes(body)
    return folder


def test_up_and_stale_markers(tmp_path: Path) -> None:
    first, second, third = read(pages(tmp_path, b"a 1\nb 2\n", b"a 3\n", b"a 3\nb 4\n"))
    assert rows(first) == {"a": 1, "b": 2, "up": 1}
    assert rows(second) == {"a": 3, "up": 1, "b": None}
    assert rows(third) == {"a": 3, "b": 4, "up": 1}
    assert [batch.at[0] for batch in (first, second)] == [1795363860.25, 1795363861.25]
    assert {one.labels for one in first.series} == {(("instance", "pod-a"),)}
    assert third.bytes_read == 20


def test_given_labels_win(tmp_path: Path) -> None:
    (batch,) = read(pages(tmp_path, b'a{job="own"} 1\n'), instance="i", job="j")
    a, up = batch.series
    assert a.labels == (("exported_job", "own"), ("instance", "i"), ("job", "j"))
    assert up.labels == (("instance", "i"), ("job", "j"))


def test_an_empty_page_ends_all(tmp_path: Path) -> None:
    _, empty, after = read(pages(tmp_path, b"a 1\n", b"", b"a 1\n"))
    assert rows(empty) == {"up": 0, "a": None}
    assert [(note.line, note.kind) for note in empty.notes] == [(1, "empty")]
    assert rows(after) == {"a": 1, "up": 1}


def test_a_cut_page_ends_nothing(tmp_path: Path) -> None:
    _, cut, after = read(pages(tmp_path, b"a 1\nb 2\n", b"a 3\nb", b"b 4\n"))
    assert rows(cut) == {"a": 3, "up": 1}
    assert [(note.file.name, note.line, note.kind) for note in cut.notes] == [("1795363861.25.prom", 2, "truncated")]
    assert rows(after) == {"b": 4, "up": 1, "a": None}


def test_a_cut_gzip(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b"a%d 1\n" % number for number in range(1_000)))
    (batch,) = read(pages(tmp_path, packed[: len(packed) // 2]))
    assert len(batch.series) > 10
    assert {note.kind for note in batch.notes} == {"truncated"}

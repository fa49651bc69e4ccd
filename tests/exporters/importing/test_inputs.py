"""What a path names."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.importing.inputs import UnknownFormat, find_inputs
from exporters.importing.recognise import Kind
from exporters.source import SourceFailed

OM = "# TYPE a gauge\na 1 10\n# EOF\n"


def write(path: Path, text: str = "a 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(*paths: Path, kind: Kind | None = None) -> list[tuple[str, str, int]]:
    """(kind, name, number of pages)."""
    inputs = find_inputs(list(paths), kind).found
    return [(one.kind.value, one.file.name, len(one.target.pages) if one.target else 0) for one in inputs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("pod-a/1795363876.prom", "pod-a/1795363866.5.prom", "deep/pod-b/1795363866.prom.gz"):
        write(tmp_path / "all" / name)
    write(tmp_path / "all/pod-a/client.json", "{}")
    write(tmp_path / "all/pod-a/more.om", OM)
    write(tmp_path / "all/README.txt", "words")
    return tmp_path / "all"


def test_each_folder_with_pages_is_a_target(folder: Path) -> None:
    inputs = find_inputs([folder], None)
    assert found(folder) == [("pages", "pod-b", 1), ("pages", "pod-a", 2), ("openmetrics", "more.om", 0)]
    target = inputs.found[1].target
    assert target is not None
    assert [page.name for page in target.pages] == ["1795363866.5.prom", "1795363876.prom"]
    assert [note.file.name for note in inputs.skipped] == ["README.txt"]
    assert inputs.size == 12 + len(OM)


def test_a_format_leaves_the_rest(folder: Path) -> None:
    assert found(folder, kind=Kind.PAGES) == [("pages", "pod-b", 1), ("pages", "pod-a", 2)]
    assert found(folder, kind=Kind.OPENMETRICS) == [("openmetrics", "more.om", 0)]


def test_named_twice_is_read_once(folder: Path) -> None:
    page = folder / "pod-a/1795363876.prom"
    assert found(page, folder / "pod-a", page) == [("pages", "pod-a", 2), ("openmetrics", "more.om", 0)]


def test_pages_named_one_by_one_are_one_target(folder: Path) -> None:
    assert found(*sorted((folder / "pod-a").glob("*.prom"))) == [("pages", "pod-a", 2)]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="does not exist"):
        find_inputs([tmp_path / "none"], None)
    with pytest.raises(SourceFailed, match="nothing to import"):
        find_inputs([tmp_path], None)


def test_what_is_neither(tmp_path: Path) -> None:
    file = write(tmp_path / "notes", "words\n")
    with pytest.raises(UnknownFormat, match="--format"):
        find_inputs([file], None)
    assert found(file, kind=Kind.VM_JSONL) == [("vm-jsonl", "notes", 0)]
    with pytest.raises(UnknownFormat, match="named by the time"):
        find_inputs([file], Kind.PAGES)


def test_a_page_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "1795363866.prom").symlink_to(tmp_path / "gone")
    with pytest.raises(SourceFailed, match="cannot be read"):
        find_inputs([tmp_path], None)

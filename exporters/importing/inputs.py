"""Finds what a path names: folders of pages, files of text, files of VictoriaMetrics' JSON lines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from exporters.importing.batch import Found as Note
from exporters.importing.lines import unreadable
from exporters.importing.pages import PageFolder, scrape_time
from exporters.importing.recognise import Kind, recognised
from exporters.source import GpuyieldError, SourceFailed

_EXPORTS = (".om", ".txt", ".openmetrics", ".prom", ".jsonl", ".ndjson")
_NAMES = "pages are named <unix seconds>.prom, exports *.om, *.txt or *.jsonl, each perhaps with .gz"


class UnknownFormat(GpuyieldError):
    """A file that was named holds nothing that can be imported."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to read: `target` for pages, else `file`; `size` is its bytes on the disk."""

    kind: Kind
    size: int
    file: Path
    target: PageFolder | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to read, and notes on files in the folders that were passed over."""

    found: tuple[Found, ...]
    skipped: tuple[Note, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(one.size for one in self.found)


def find_inputs(paths: list[Path], kind: Kind | None) -> Inputs:
    """All inputs below the paths. The pages of one folder are one target; a file that is named twice is read once."""
    files: dict[Path, tuple[Path, Kind]] = {}
    skipped: list[Note] = []
    for path in paths:
        if not path.exists():
            raise SourceFailed(f"{path} does not exist: name a folder of pages, or a file of exported series")
        here = list(_folder(path, kind, skipped) if path.is_dir() else [(path, _kind_of(path, kind))])
        if not here:
            raise SourceFailed(f"{path} holds nothing to import: {_NAMES}")
        for file, its_kind in here:
            files.setdefault(file.resolve(), (file, its_kind))
    targets = [_target(folder, pages) for folder, pages in _pages_by_folder(files.values())]
    exports = [Found(its, _size((file,)), file) for file, its in files.values() if its is not Kind.PAGES]
    return Inputs((*targets, *exports), tuple(skipped))


def _pages_by_folder(files: Iterable[tuple[Path, Kind]]) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """The pages of each folder in the order of time."""
    pages = sorted((file.parent, scrape_time(file.name) or 0.0, file) for file, kind in files if kind is Kind.PAGES)
    for folder, group in groupby(pages, lambda page: page[0]):
        yield folder, tuple(file for _, _, file in group)


def _folder(path: Path, kind: Kind | None, skipped: list[Note]) -> Iterator[tuple[Path, Kind]]:
    for folder, folders, names in os.walk(path, onerror=_refused):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            its = _kind_in_folder(file, kind)
            if its is not None and kind in (None, its):
                yield file, its
            elif its is None and _is_export(name) and kind is not Kind.PAGES:
                skipped.append(Note(file, 0, "skipped", "neither text with timestamps nor JSON lines"))


def _kind_in_folder(file: Path, kind: Kind | None) -> Kind | None:
    """None where the file is to be left: a folder of recordings may well hold other things."""
    if scrape_time(file.name) is not None:
        return Kind.PAGES
    if kind is Kind.PAGES or not _is_export(file.name):
        return None
    return recognised(file)


def _is_export(name: str) -> bool:
    return name.removesuffix(".gz").endswith(_EXPORTS)


def _kind_of(file: Path, kind: Kind | None) -> Kind:
    """Of a file that was named itself."""
    is_page = scrape_time(file.name) is not None
    if kind is Kind.PAGES and not is_page:
        raise UnknownFormat(f"{file}: a page is named by the time of its scrape, <unix seconds>.prom")
    found = kind or (Kind.PAGES if is_page else recognised(file))
    if found is None:
        raise UnknownFormat(
            f"{file} is neither exposition text with timestamps nor VictoriaMetrics' JSON lines; say --format if it is"
        )
    return found


def _target(folder: Path, pages: tuple[Path, ...]) -> Found:
    return Found(Kind.PAGES, _size(pages), folder, PageFolder(folder, pages))


def _size(files: tuple[Path, ...]) -> int:
    total = 0
    for file in files:
        try:
            total += file.stat().st_size
        except OSError as error:
            raise unreadable(file, error) from error
    return total


def _refused(error: OSError) -> None:
    raise unreadable(Path(error.filename), error) from error

"""Finds what a path names: folders of pages, files of text, files of VictoriaMetrics' JSON lines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from exporters.importing.lines import Input
from exporters.importing.pages import PageFolder, scrape_time
from exporters.source import SourceFailed


class Kind(StrEnum):
    """The formats of `--format`."""

    PAGES = "pages"
    OPENMETRICS = "openmetrics"
    VM_JSONL = "vm-jsonl"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to read: `target` for a folder of pages, else `file`; `size` is its bytes on the disk."""

    kind: Kind
    size: int
    file: Path
    target: PageFolder | None = None


def find_inputs(paths: list[Path], kind: Kind | None) -> list[Found]:
    """All inputs below the paths, in the order of the arguments. A folder with pages in it is one target."""
    found: list[Found] = []
    for path in paths:
        if not path.exists():
            raise SourceFailed(
                f"{path} does not exist: name a folder of pages, an OpenMetrics file or a JSON lines file"
            )
        here = _folder(path, kind) if path.is_dir() else [_file(path, kind)]
        if not here:
            raise SourceFailed(
                f"{path} holds nothing to import: pages are named <unix seconds>.prom, other files need --format"
            )
        found.extend(here)
    return found


def _folder(path: Path, kind: Kind | None) -> list[Found]:
    found: list[Found] = []
    for folder, folders, names in os.walk(path):
        folders.sort()
        pages = sorted((time, Path(folder, name)) for name in names if (time := scrape_time(name)) is not None)
        if pages and kind in (None, Kind.PAGES):
            files = tuple(file for _, file in pages)
            size = sum(file.stat().st_size for file in files)
            found.append(Found(Kind.PAGES, size, Path(folder), PageFolder(Path(folder), files)))
        elif kind is not Kind.PAGES:
            files = tuple(Path(folder, name) for name in sorted(names) if kind is not None or _is_export(name))
            found.extend(_file(file, kind) for file in files)
    return found


def _is_export(name: str) -> bool:
    return name.removesuffix(".gz").endswith((".om", ".txt", ".openmetrics", ".jsonl", ".ndjson"))


def _file(path: Path, kind: Kind | None) -> Found:
    if kind is Kind.PAGES or (kind is None and scrape_time(path.name) is not None):
        return Found(Kind.PAGES, path.stat().st_size, path, PageFolder(path.parent, (path,)))
    return Found(kind or _recognised(path), path.stat().st_size, path)


def _recognised(path: Path) -> Kind:
    with Input(path) as file:
        head = file.read(4096).lstrip()
    return Kind.VM_JSONL if head.startswith(b'{"') and b'"metric"' in head else Kind.OPENMETRICS

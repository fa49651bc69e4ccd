"""Keeps what price services answered, with its age: on disk between runs, or in one file for a place without network.

<cache>/gpuyield/prices/<kind>/<key>.json      one answer and when it came
gpuyield prices export FILE                    all of them in one file
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from exporters.source import GpuyieldError, SourceError, SourceFailed
from exporters.whole_file import write_whole

EXPORT_KIND = "gpuyield-prices"
SCHEMA_VERSION = 1
NOT_ASKED = "the exported prices have nothing newer; export them anew where AWS can be asked"

T = TypeVar("T")


class Document(msgspec.Struct, frozen=True):
    """One answer as it is kept."""

    kind: str
    key: str
    fetched_at: float  # unix seconds
    value: Any


class Export(msgspec.Struct, frozen=True):
    """All answers in one file."""

    format: str
    schema_version: int
    documents: list[Document]


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """An answer and when it came. `trouble`: why there is no newer one, though this one is over its time."""

    value: T
    fetched_at: float  # unix seconds
    trouble: str = ""


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where answers are kept between runs."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "gpuyield" / "prices"


@dataclass(slots=True)
class Shelf:
    """Answers by kind and key. Without a folder they live as long as the process; without `asks` no one is asked.

    `renews`: each is asked for once, however young the kept one is.
    """

    folder: Path | None = None
    asks: bool = False
    renews: bool = False
    clock: Callable[[], float] = time.time
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    # What was asked for in this run, and the trouble with it: once is enough, and nodes are many.
    _asked: dict[tuple[str, str], str] = field(default_factory=dict)
    _read: dict[tuple[str, str], Kept[Any]] = field(default_factory=dict)

    def get(self, kind: str, key: str, of: type[T], ask: Callable[[T | None], T], fresh_seconds: float) -> Kept[T]:
        """The answer of this kind: a young one, else a new one by `ask`, which is given the old one.

        Where there is no new one the old one is given, with the trouble. Raises SourceFailed where there is neither.
        """
        old = self.old(kind, key, of)
        is_due = self.renews and self.asks and (kind, key) not in self._asked
        if old and not is_due and self.clock() - old.fetched_at <= fresh_seconds:
            return old
        trouble = self._asked.get((kind, key), "") if self.asks else NOT_ASKED
        if not trouble:
            self._asked[kind, key] = ""
            try:
                return self._keep(kind, key, ask(old.value if old else None))
            except SourceError as error:
                trouble = self._asked[kind, key] = str(error)
        if old is None:
            raise SourceFailed(trouble)
        return Kept(old.value, old.fetched_at, trouble)

    def keys(self, kind: str) -> list[str]:
        """The keys of a kind for which something is kept."""
        on_disk = [path.stem for path in (self.folder / kind).glob("*.json")] if self.folder else []
        return sorted({*on_disk, *(key for one, key in self.documents if one == kind)})

    def exported(self) -> bytes:
        """Everything that is kept, as the text of one file."""
        kinds = {kind for kind, _ in self.documents}
        if self.folder and self.folder.is_dir():
            kinds |= {path.name for path in self.folder.iterdir() if path.is_dir()}
        found = [self._document(kind, key) for kind in sorted(kinds) for key in self.keys(kind)]
        export = Export(EXPORT_KIND, SCHEMA_VERSION, [one for one in found if one])
        return msgspec.json.format(msgspec.json.encode(export), indent=1) + b"\n"

    def old(self, kind: str, key: str, of: type[T]) -> Kept[T] | None:
        """What is kept, whatever its age."""
        if (kind, key) not in self._read:
            document = self._document(kind, key)
            if document is None:
                return None
            try:
                self._read[kind, key] = Kept(msgspec.convert(document.value, of), document.fetched_at)
            except msgspec.ValidationError:  # kept by another version
                return None
        return self._read[kind, key]

    def _document(self, kind: str, key: str) -> Document | None:
        if (kind, key) not in self.documents and self.folder:
            try:
                kept = msgspec.json.decode(self._file(self.folder, kind, key).read_bytes(), type=Document)
            except (OSError, msgspec.DecodeError):
                return None
            self.documents[kind, key] = kept
        return self.documents.get((kind, key))

    def _keep(self, kind: str, key: str, value: T) -> Kept[T]:
        document = Document(kind, key, self.clock(), msgspec.to_builtins(value))
        self.documents[kind, key] = document
        self._read[kind, key] = kept = Kept(value, document.fetched_at)
        if self.folder:
            path = self._file(self.folder, kind, key)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, msgspec.json.encode(document))
            except OSError as error:
                raise GpuyieldError(
                    f"{path} cannot be written: {error.strerror or error}; set XDG_CACHE_HOME to a folder that can"
                ) from error
        return kept

    @staticmethod
    def _file(folder: Path, kind: str, key: str) -> Path:
        return folder / kind / f"{re.sub(r'[^A-Za-z0-9._-]', '_', key)}.json"


def is_export(text: str) -> bool:
    """Whether a file is one that `gpuyield prices export` wrote."""
    return text.lstrip().startswith("{") and f'"{EXPORT_KIND}"' in text[:200]


def read_export(path: Path, clock: Callable[[], float] = time.time) -> Shelf:
    """The shelf that an exported file holds; nobody is asked."""
    try:
        export = msgspec.json.decode(path.read_bytes(), type=Export)
    except (OSError, msgspec.DecodeError) as error:
        raise GpuyieldError(f"{path} cannot be read: {error}; write it anew with gpuyield prices export") from error
    if export.schema_version != SCHEMA_VERSION:
        raise GpuyieldError(
            f"{path} has schema version {export.schema_version}, this gpuyield reads {SCHEMA_VERSION}:"
            " upgrade gpuyield, or export again"
        )
    return Shelf(documents={(one.kind, one.key): one for one in export.documents}, clock=clock)

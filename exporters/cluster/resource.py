"""One kind of object as the API server lists it, and what is kept of each object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from exporters.cluster.objects import Metadata

Kept = TypeVar("Kept")

_METADATA_ONLY = "application/json;as={kind};g=meta.k8s.io;v=v1,application/json"


class ChangeKind(StrEnum):
    """The types of a watch's lines that say something of an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Change(Generic[Kept]):
    """A line of a watch. `kind` None: a bookmark, which only moves the version on."""

    kind: ChangeKind | None
    uid: str
    version: str
    kept: Kept | None  # None: it is of no interest


@dataclass(frozen=True, slots=True)
class Page(Generic[Kept]):
    """A part of a listing. `token` asks for the next part; "" where this is the last one."""

    found: Mapping[str, Kept]  # by uid
    version: str
    token: str


@dataclass(frozen=True, slots=True)
class Resource(Generic[Kept]):
    """`shape` is what is decoded; `keep` makes of it what is kept, None where it is of no interest."""

    name: str
    path: str
    shape: type[Any]
    keep: Callable[[Any], Kept | None]
    selector: str = ""  # a field selector: what the API server itself can leave out
    is_metadata_only: bool = False

    def accept(self, is_list: bool) -> str:
        kind = "PartialObjectMetadataList" if is_list else "PartialObjectMetadata"
        return _METADATA_ONLY.format(kind=kind) if self.is_metadata_only else "application/json"


class Status(msgspec.Struct, frozen=True):
    """How the API server says no."""

    message: str = ""
    code: int = 0


class _ListMetadata(msgspec.Struct, frozen=True, rename={"resource_version": "resourceVersion", "token": "continue"}):
    resource_version: str = ""
    token: str = ""


class _Listing(msgspec.Struct, frozen=True):
    metadata: _ListMetadata
    items: list[msgspec.Raw] = msgspec.field(default_factory=list)


class _Line(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Marked(msgspec.Struct, frozen=True):
    metadata: Metadata


class Expired(Exception):
    """The version or token is too old: list again."""


class Trouble(Exception):
    """A watch told of an error that is not `Expired`."""


@dataclass(frozen=True, slots=True)
class Reader(Generic[Kept]):
    """Decodes what the API server says of one resource. Raises msgspec.DecodeError where it is something else."""

    resource: Resource[Kept]
    _shape: msgspec.json.Decoder[Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shape", msgspec.json.Decoder(self.resource.shape))

    def page(self, body: bytes) -> Page[Kept]:
        listing = msgspec.json.decode(body, type=_Listing)
        found = {}
        for raw in listing.items:
            one = self._shape.decode(raw)
            if (kept := self.resource.keep(one)) is not None:
                found[one.metadata.uid] = kept
        return Page(found, listing.metadata.resource_version, listing.metadata.token)

    def change(self, line: bytes) -> Change[Kept]:
        """Raises `Expired` and `Trouble`, which a watch may say in a line although its status was 200."""
        read = msgspec.json.decode(line, type=_Line)
        if read.type == "ERROR":
            status = msgspec.json.decode(read.object, type=Status)
            raise Expired if status.code == 410 else Trouble(status.message[:300])
        if read.type == "BOOKMARK":
            return Change(None, "", msgspec.json.decode(read.object, type=_Marked).metadata.resource_version, None)
        one = self._shape.decode(read.object)
        return Change(ChangeKind(read.type), one.metadata.uid, one.metadata.resource_version, self.resource.keep(one))

"""What the simulated API server asks of a cluster: its objects at a version, and the changes between two versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporters.simulation.kube_api.kind import Kind

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True)
class Change:
    """`type` is that of a watch's line; `body` is the object as JSON, without its kind: as it is now, or last was."""

    version: int
    type: str
    body: bytes


class Cluster(Protocol):
    """Is asked by many threads; of one version it always says the same."""

    def version(self) -> int:
        """Of the newest change."""

    def oldest(self) -> int:
        """What was before this version is forgotten."""

    def objects(self, kind: Kind, version: int, start: int, limit: int) -> tuple[Sequence[bytes], int]:
        """At most `limit` objects in the order of their names from number `start` on, and how many there are in all."""

    def changes(self, kind: Kind, after: int, until: int) -> Iterator[Change]:
        """Those with a version above `after`, up to `until`, in order."""

"""One time series as it stands on a page: a name, its labels, and a key that is the same on every machine.

The key is what the embedded store writes beside each sample instead of the labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

Labels = tuple[tuple[str, str], ...]


def series_key(name: str, labels: Labels) -> int:
    """A signed 64-bit hash of name and sorted labels; length-prefixed, so no two series share a text."""
    digest = blake2b(digest_size=8)
    for text in (name, *(part for pair in labels for part in pair)):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return int.from_bytes(digest.digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class Series:
    """A name and its labels, sorted by label name, empty values left out (Prometheus treats them as absent)."""

    name: str
    labels: Labels
    key: int

    @classmethod
    def of(cls, name: str, labels: Iterable[tuple[str, str]]) -> Series:
        kept = tuple(sorted((label, value) for label, value in labels if value))
        return cls(name, kept, series_key(name, kept))

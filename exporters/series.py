"""One time series as it stands on a page: a name, its labels, and a key that is the same on every machine.

The key is what the embedded store writes beside each sample instead of the labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

Labels = tuple[tuple[str, str], ...]


class _Prefixes(dict[int, str]):
    """What stands before a text, by its length. That of a longer text is made each time, so the table stays small."""

    def __missing__(self, length: int) -> str:
        return f"{length}:"


_PREFIXES = _Prefixes((length, f"{length}:") for length in range(512))


def series_key(name: str, labels: Labels) -> int:
    """A signed 64-bit hash of name and sorted labels; length-prefixed, so no two series share a text."""
    prefixes = _PREFIXES
    pieces = [prefixes[len(name)], name]
    for label, value in labels:
        pieces += prefixes[len(label)], label, prefixes[len(value)], value
    text = "".join(pieces)
    if not text.isascii():
        text = "".join([f"{_bytes(part)}:{part}" for part in pieces[1::2]])
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class Series:
    """A name and its labels, sorted by label name, empty values left out (Prometheus treats them as absent)."""

    name: str
    labels: Labels
    key: int

    @classmethod
    def of(cls, name: str, labels: Iterable[tuple[str, str]]) -> Series:
        kept = tuple(sorted([pair for pair in labels if pair[1]]))
        return cls(name, kept, series_key(name, kept))

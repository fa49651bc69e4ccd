"""What a spool remembers through a kill: how far it was sent, and what was counted.

Two files are written in turn, each with a checksum, so that one of them is whole at any moment.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import google_crc32c

_FILES = ("state-0.json", "state-1.json")


@dataclass(slots=True)
class State:
    """`sent` is the number of the last batch that is settled."""

    sent: int = 0
    offered: int = 0
    accepted: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class StateFiles:
    """Of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = 0

    def read(self) -> State:
        """The newest that is whole; an empty one where none is."""
        found = [one for name in _FILES if (one := _read(self._folder / name)) is not None]
        if not found:
            return State()
        newest = max(found, key=lambda one: int(one["generation"]))
        self._generation = int(newest["generation"])
        return State(**newest["state"])

    def write(self, state: State) -> None:
        """Raises OSError; the state before is then still there."""
        self._generation += 1
        body = {name: getattr(state, name) for name in State.__slots__}
        text = json.dumps({"generation": self._generation, "state": body}, separators=(",", ":")).encode()
        data = b"%08x\n%s" % (google_crc32c.value(text), text)
        path = self._folder / _FILES[self._generation % len(_FILES)]
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, data)
        finally:
            os.close(file)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        check, _, text = path.read_bytes().partition(b"\n")
        if int(check, 16) != google_crc32c.value(text):
            return None
        found: dict[str, Any] = json.loads(text)
    except (OSError, ValueError):
        return None
    return found

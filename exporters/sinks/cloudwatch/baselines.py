"""Where counters stood when they were last told, kept in a file, so that a restart loses nothing of what they grew by.

It is written before what was told is put into the spool: a kill in between loses a minute's growth, and never tells it
twice.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exporters.metric import Part
from exporters.series import Labels
from exporters.whole_file import write_whole

_FILE = "counters.json"
SeriesKey = tuple[str, Part, Labels]


@dataclass(frozen=True, slots=True)
class Last:
    """A value and its time, unix seconds."""

    value: float
    at: float


class Baselines:
    """In the folder of a spool; without one, nothing is remembered."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / _FILE if folder else None

    def read(self) -> dict[SeriesKey, Last]:
        """Nothing where the file is not there, or is no such file."""
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_bytes())
            return {
                (name, Part(part), tuple((label, text) for label, text in labels)): Last(float(value), float(at))
                for name, part, labels, value, at in found
            }
        except (OSError, ValueError, TypeError):
            return {}

    def write(self, known: Mapping[SeriesKey, Last]) -> None:
        """What cannot be written is forgotten: an older file would have growth told twice."""
        if self._path is None:
            return
        rows = [[name, part.value, labels, last.value, last.at] for (name, part, labels), last in known.items()]
        try:
            write_whole(self._path, json.dumps(rows, separators=(",", ":")).encode())
        except OSError:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

"""Files of batches, one after the other, each with a checksum: what a kill or a full disk tore is noticed and left out.

A record is a header (number, samples, time, length of the body), the body, and the CRC-32C of both.
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from exporters.sinks.delivery.batch import Batch

_HEADER = struct.Struct("<4sQIdI")
_CHECK = struct.Struct("<I")
_MAGIC = b"gys1"
_SUFFIX = ".segment"
OVERHEAD_BYTES = _HEADER.size + _CHECK.size


@dataclass(frozen=True, slots=True)
class Record:
    """Where a batch is kept. Numbers rise by one from batch to batch."""

    number: int
    samples: int
    at: float
    path: Path
    offset: int
    size: int  # of the body


class SegmentWriter:
    """Appends to one file at a time. After a kill a new file is begun, so that nothing follows a torn record."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._path: Path | None = None
        self._end = 0

    def append(self, number: int, batch: Batch) -> Record:
        """Raises OSError; what was half written then is cut off, or left behind in a file of its own."""
        if self._path is None or self._end >= self._segment_bytes:
            self._path, self._end = self._folder / f"{number:020d}{_SUFFIX}", 0
        offset, data = self._end, _packed(number, batch)
        try:
            with self._path.open("ab" if offset else "wb") as file:  # a torn file may have this name
                file.write(data)
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(self._path, offset)
            self._path = None
            raise
        self._end += len(data)
        return Record(number, batch.samples, batch.at, self._path, offset + _HEADER.size, len(batch.body))

    def leave(self, path: Path) -> None:
        """The file is not needed any more."""
        if path == self._path:
            self._path = None
        path.unlink(missing_ok=True)


def read_body(record: Record) -> bytes | None:
    """None where the file is gone or was changed."""
    try:
        with record.path.open("rb") as file:
            file.seek(record.offset - _HEADER.size)
            data = file.read(_HEADER.size + record.size + _CHECK.size)
    except OSError:
        return None
    body = data[_HEADER.size : -_CHECK.size]
    return body if _is_whole(data, len(body)) and len(body) == record.size else None


def segments_in(folder: Path) -> list[Path]:
    """In order."""
    return sorted(folder.glob(f"*{_SUFFIX}"))


def records_in(path: Path) -> Iterator[Record]:
    """All whole records of one file, in order. Of a torn file, those before the tear."""
    with path.open("rb") as file:
        offset = 0
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            magic, number, samples, at, size = _HEADER.unpack(header)
            rest = file.read(size + _CHECK.size) if magic == _MAGIC else b""
            if len(rest) != size + _CHECK.size or not _is_whole(header + rest, size):
                return
            offset += _HEADER.size
            yield Record(number, samples, at, path, offset, size)
            offset += size + _CHECK.size


def _packed(number: int, batch: Batch) -> bytes:
    data = _HEADER.pack(_MAGIC, number, batch.samples, batch.at, len(batch.body)) + batch.body
    return data + _CHECK.pack(google_crc32c.value(data))


def _is_whole(data: bytes, size: int) -> bool:
    checked = _HEADER.size + size
    return (
        len(data) == checked + _CHECK.size and google_crc32c.value(data[:checked]) == _CHECK.unpack(data[checked:])[0]
    )

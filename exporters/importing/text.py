"""Reads exposition text with timestamps, gigabytes of it: what a Prometheus or VictoriaMetrics exported, or a backfill.

The targets' labels stand in the series. Several exports in one file are taken one after the other.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import nan
from pathlib import Path

import numpy as np

from exporters.importing.batch import Batch, Found, keep_timed
from exporters.importing.columns import Cuts, read_columns
from exporters.importing.lines import CHUNK_BYTES, Input
from exporters.importing.recognise import HEAD_BYTES, format_of
from exporters.importing.whole_series import WholeSeries
from exporters.pages.parser import Format, PageParser

LINE_BYTES = 8 << 20  # longer than any line the page parser takes
_EOF = b"# EOF"
_LOST = frozenset({"malformed", "native-histogram", "long-line"})  # notes about lines that gave no sample


def read_text(path: Path, series: WholeSeries, chunk_bytes: int = CHUNK_BYTES) -> Iterator[Batch]:
    """The file's samples, chunk by chunk. `series` may be shared by files: it holds what they all know."""
    with Input(path) as head:
        format_ = format_of(head.read(HEAD_BYTES))
    with Input(path) as file:
        reader = _TextReader(path, series, format_)
        for chunk in file.whole_lines(LINE_BYTES, chunk_bytes):
            for batch in reader.read(chunk):
                batch.bytes_read = file.position
                yield batch
        yield Batch(notes=reader.ending(file.damage), bytes_read=file.position)


class _TextReader:
    """Keeps what is known about the file so far: its series, its line count, whether `# EOF` came last."""

    def __init__(self, path: Path, series: WholeSeries, format_: Format) -> None:
        self._path = path
        self._format = format_
        self._series = series
        self._parser = PageParser(series.labels)
        self._parsed = 0  # lines the parser was given: it counts these
        self._lines = 0
        self._ended = False

    def read(self, chunk: bytes) -> Iterator[Batch]:
        """Known series first, then what the page parser makes of all other lines."""
        rest = b""
        if not chunk.endswith(b"\n"):
            cut = chunk.rfind(b"\n") + 1
            chunk, rest = chunk[:cut], chunk[cut:]
        if chunk:
            yield from self._whole_lines(chunk.replace(b"\r\n", b"\n") if b"\r\n" in chunk else chunk)
        if rest.strip() == _EOF:
            self._ended = True
        elif rest:
            yield Batch(notes=[Found(self._path, self._lines + 1, "truncated", "the last line has no end")])

    def ending(self, damage: str) -> list[Found]:
        """What there is to say at the end of the file."""
        if damage:
            return [Found(self._path, self._lines + 1, "truncated", damage)]
        if self._format is Format.OPENMETRICS and not self._ended:
            return [Found(self._path, self._lines, "truncated", "no # EOF at the end: the file may have been cut")]
        return []

    def _whole_lines(self, chunk: bytes) -> Iterator[Batch]:
        cuts = Cuts.of(chunk)
        columns = read_columns(chunk, cuts, self._series.of, self._format is Format.TEXT)
        if columns is None:
            left = np.arange(len(cuts.ends))
        else:
            left, numbers = columns.left, columns.lines
            at = array("d", columns.at.tobytes())
            batch = Batch(columns.series, array("d", columns.values.tobytes()), at)
            yield keep_timed(batch, self._path, lambda index: self._lines + int(numbers[index]) + 1)
        if len(left):
            lines = [chunk[cuts.starts[index] : cuts.ends[index]] for index in left.tolist()]
            yield self._by_letter(lines, (left + self._lines + 1).tolist())
        last = next((line for line in reversed(chunk[-64:].splitlines()) if line.strip()), b"").strip()
        self._ended = last == _EOF or (self._ended and not last)
        self._lines += len(cuts.ends)

    def _by_letter(self, lines: list[bytes], numbers: list[int]) -> Batch:
        """`numbers` are the lines' places in the file. An `# EOF` is kept from the parser, which would stop there."""
        body = b"".join(b"\n" if line.strip() == _EOF else line + b"\n" for line in lines)
        page = self._parser.lines(body, nan, self._format)
        notes = [Found(self._path, numbers[note.line - 1 - self._parsed], note.kind, note.text) for note in page.notes]
        self._parsed += len(lines)
        lost = {note.line for note in notes if note.kind in _LOST}
        with_sample = [
            number
            for number, line in zip(numbers, lines, strict=True)
            if number not in lost and line.lstrip(b" \t")[:1] not in (b"", b"#")
        ]
        batch = Batch(page.series, array("d", page.values), array("d", page.at), notes, page.more_notes)
        return keep_timed(batch, self._path, lambda index: with_sample[min(index, len(with_sample) - 1)])

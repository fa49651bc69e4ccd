"""Merges the small segments that a recording leaves, one a minute, so that a reader has few files to open.

The merged segment is written first, then the old ones are deleted: a crash between the two leaves samples twice, which
readers drop. Only segments of this very run are touched, so that two recorders may share a store.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from exporters.store.writer import write_table

SMALL_ROWS = 250_000  # a larger segment is left as it is
MERGED_ROWS = 1_000_000  # about 200 MB while it is being merged

IsOwn = Callable[[str], bool]


def own_segments(started_ns: int) -> IsOwn:
    """Says by its name whether this process wrote a segment, at or after that time (nanoseconds since 1970)."""
    pid = str(os.getpid())

    def is_own(name: str) -> bool:
        at, _, rest = name.partition("-")
        return rest.partition("-")[0] == pid and at.isdecimal() and int(at) >= started_ns

    return is_own


def compact(store: Path, is_own: IsOwn, small_rows: int = SMALL_ROWS, merged_rows: int = MERGED_ROWS) -> int:
    """Merges within each day, and the series files; gives by how many files the store has become smaller.

    Raises OSError or pyarrow.ArrowException when a file cannot be read or written; nothing is lost then.
    """
    fewer = 0
    for folder in (store / "series", *sorted((store / "samples").glob("day=*"))):
        own = [file for file in sorted(folder.glob("*.parquet")) if is_own(file.name)]
        for group in _groups(own, small_rows, merged_rows):
            _merge(group)
            fewer += len(group) - 1
    return fewer


def _groups(files: Sequence[Path], small_rows: int, merged_rows: int) -> Iterator[list[Path]]:
    """Runs of at least two small files that fit into one."""
    group: list[Path] = []
    rows = 0
    for file in files:
        count = pq.read_metadata(file).num_rows
        if count >= small_rows:
            continue
        if rows + count > merged_rows:
            if len(group) > 1:
                yield group
            group, rows = [], 0
        group.append(file)
        rows += count
    if len(group) > 1:
        yield group


def _merge(files: Sequence[Path]) -> None:
    table = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
    whole = _sorted_samples(table) if "at" in table.column_names else table.group_by(table.column_names).aggregate([])
    write_table(whole, files[-1].with_name(f"{time.time_ns():020d}-{os.getpid()}-merged.parquet"))
    for file in files:
        file.unlink(missing_ok=True)


def _sorted_samples(table: pa.Table) -> pa.Table:
    """In the order that the store's layout asks for; names as plain text while sorting, dictionaries have no order."""
    place = table.column_names.index("name")
    plain = table.set_column(place, "name", table["name"].cast(pa.string()))
    ordered = plain.sort_by([("name", "ascending"), ("series", "ascending"), ("at", "ascending")]).combine_chunks()
    return ordered.set_column(place, table.schema.field("name"), ordered["name"].dictionary_encode())

"""Collects samples in memory and writes them to the store as sorted, whole segments."""

from __future__ import annotations

import json
import os
import time
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from exporters.series import Series
from exporters.store.layout import SAMPLES_SCHEMA, SERIES_SCHEMA, StoreError, create_store
from exporters.whole_file import TEMPORARY

DEFAULT_SEGMENT_SAMPLES = 1_000_000
_DAY_SECONDS = 86_400
_MICROSECONDS = 1_000_000
_ROW_GROUP = 131_072  # small enough that a query for one name skips most of a segment


class StoreWriter:
    """Appends samples; what was added is on disk after `flush`, `close`, or when a segment is full.

    Memory is bounded by `segment_samples` (about 100 bytes each while a segment is being sorted). When a write
    fails the samples stay in memory and the next flush tries again.
    """

    def __init__(self, path: Path, segment_samples: int = DEFAULT_SEGMENT_SAMPLES) -> None:
        self._path = create_store(path)
        self._segment_samples = segment_samples
        self._keys = array("q")
        self._at = array("d")
        self._values = array("d")
        self._series: dict[int, Series] = {}
        self._unwritten: set[int] = set()
        self._segments = 0
        self.samples_written = 0

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def series_seen(self) -> int:
        """Number of different series added so far."""
        return len(self._series)

    def add(self, series: Sequence[Series], values: Iterable[float], at: Iterable[float]) -> None:
        """Adds one sample per series; the three run in parallel. `at` is unix seconds."""
        self._keys.extend(self._known(series))
        self._values.extend(values)
        self._at.extend(at)
        self._flush_when_full()

    def add_columns(
        self,
        series: Sequence[Series],
        which: npt.NDArray[np.int32],
        values: npt.NDArray[np.float64],
        at: npt.NDArray[np.float64],
    ) -> None:
        """Adds many samples of few series: `which` is a sample's place in `series`. `at` is unix seconds."""
        keys = np.array(self._known(series), np.int64)
        self._keys.frombytes(keys[which].tobytes())
        self._values.frombytes(values.tobytes())
        self._at.frombytes(at.tobytes())
        self._flush_when_full()

    def _known(self, series: Sequence[Series]) -> list[int]:
        """Their keys, each series noted to be written once."""
        keys = [one.key for one in series]
        for key, one in zip(keys, series, strict=True):
            if key not in self._series:
                self._series[key] = one
                self._unwritten.add(key)
        return keys

    def _flush_when_full(self) -> None:
        if not len(self._keys) == len(self._values) == len(self._at):
            raise ValueError("series, values and at must be of one length")
        if len(self._keys) >= self._segment_samples:
            self.flush()

    def flush(self) -> None:
        """Writes what is in memory as one segment."""
        if not self._keys:
            return
        segment = f"{time.time_ns():020d}-{os.getpid()}-{self._segments}"
        try:
            self._write_series(segment)
            self._write_samples(segment)
        except OSError as error:
            raise StoreError(
                f"{self._path}: a segment of {len(self._keys):,} samples could not be written"
                f" ({error.strerror or error}); they are still in memory: free some space and flush again"
            ) from error
        self._segments += 1
        self.samples_written += len(self._keys)
        self._unwritten.clear()
        self._keys, self._at, self._values = array("q"), array("d"), array("d")

    def close(self) -> None:
        """Writes what is left."""
        self.flush()

    def _write_series(self, segment: str) -> None:
        fresh = [self._series[key] for key in sorted(self._unwritten)]
        if not fresh:
            return
        table = pa.table(
            {
                "series": [one.key for one in fresh],
                "name": [one.name for one in fresh],
                "labels": [json.dumps(dict(one.labels), ensure_ascii=False) for one in fresh],
            },
            schema=SERIES_SCHEMA,
        )
        write_table(table, self._path / "series" / f"{segment}.parquet")

    def _write_samples(self, segment: str) -> None:
        keys = np.frombuffer(self._keys, dtype=np.int64)
        at = np.rint(np.frombuffer(self._at, dtype=np.float64) * _MICROSECONDS).astype(np.int64)
        values = np.frombuffer(self._values, dtype=np.float64)
        unique, inverse = np.unique(keys, return_inverse=True)
        names = sorted({self._series[int(key)].name for key in unique})
        position = {name: index for index, name in enumerate(names)}
        name_of = np.array([position[self._series[int(key)].name] for key in unique], dtype=np.int32)[inverse]
        order = np.lexsort((at, inverse, name_of))
        days = at[order] // (_DAY_SECONDS * _MICROSECONDS)
        for day in np.unique(days):
            chosen = order[days == day]
            table = pa.table(
                {
                    "name": pa.DictionaryArray.from_arrays(pa.array(name_of[chosen]), pa.array(names, pa.string())),
                    "series": pa.array(keys[chosen]),
                    "at": pa.array(at[chosen], pa.timestamp("us", tz="UTC")),
                    "value": pa.array(values[chosen]),
                },
                schema=SAMPLES_SCHEMA,
            )
            write_table(table, self._path / "samples" / f"day={_date(int(day))}" / f"{segment}.parquet")


def _date(day: int) -> str:
    return str(np.datetime64(day, "D"))


def write_table(table: pa.Table, path: Path) -> None:
    """Writes one segment's file whole, and so that it outlasts a crash of the machine once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    encodings = {"at": "DELTA_BINARY_PACKED"} if "at" in table.column_names else None
    try:
        with temporary.open("wb") as file:
            pq.write_table(
                table,
                file,
                compression="zstd",
                row_group_size=_ROW_GROUP,
                use_dictionary=[name for name in table.column_names if name != "at"],
                column_encoding=encodings,
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

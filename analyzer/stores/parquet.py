"""Reads the embedded store with DuckDB, touching only the days, names and columns that are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from analyzer.stores.assemble import assemble
from analyzer.stores.frame import Frame, Question
from analyzer.stores.resolve import RawSeries, resolve
from analyzer.window import MICROSECONDS, Window
from exporters.store.layout import StoreError, open_store
from exporters.upstream import families

_SUFFIXES = ("", "_bucket", "_sum", "_count")


def _declared_names() -> set[str]:
    return {
        upstream.name + suffix
        for family in families().values()
        for upstream in family.upstreams
        for suffix in _SUFFIXES
    }


class ParquetStore:
    """A store folder that `gpuyield import` or `gpuyield record` wrote."""

    def __init__(self, path: Path) -> None:
        self._path = open_store(path)
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        self._has_samples = any((path / "samples").glob("day=*/*.parquet"))
        self._labels: dict[int, tuple[str, dict[str, str]]] | None = None
        self._raw: dict[Window, dict[str, list[RawSeries]]] = {}

    @property
    def description(self) -> str:
        return f"store {self._path}"

    @property
    def remarks(self) -> list[str]:
        return []

    def extent(self) -> Window | None:
        if not self._has_samples:
            return None
        with self._explained():
            first, last = self._connection.execute(
                f'SELECT epoch_us(min("at")), epoch_us(max("at")) FROM {self._samples()}'
            ).fetchall()[0]
        return Window.of_seconds(first / MICROSECONDS, (last + 1) / MICROSECONDS)

    def expect(self, questions: Sequence[Question]) -> None:
        pass  # all of it is here

    def read(self, question: Question) -> Frame:
        with self._explained():
            resolved = resolve(question.metric, question.part, self._raw_series(question.window))
            return assemble(self._connection, self._raw_samples(question.window, resolved.names), resolved)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Says what to do when a file is damaged, or was merged away by a recorder while this was reading."""
        try:
            yield
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            said = str(error).splitlines()[0]  # the rest is our own SQL
            raise StoreError(
                f"{self._path} cannot be read: {said}; run again if a recorder writes there, else remove the damaged"
                " file and import its samples again"
            ) from error

    def _samples(self) -> str:
        return f"read_parquet({_quoted(str(self._path / 'samples'))} || '/*/*.parquet', hive_partitioning = true)"

    def _raw_samples(self, window: Window, names: Iterable[str]) -> str:
        """A relation of (raw, t in microseconds, value): only the segments and row groups that can hold them."""
        listed = ", ".join(_quoted(name) for name in names)
        if not self._has_samples or not listed:
            return "(SELECT 0::BIGINT AS raw, 0::BIGINT AS t, 0::DOUBLE AS value LIMIT 0)"
        return (
            f'(SELECT series AS raw, epoch_us("at") AS t, value FROM {self._samples()}'
            f" WHERE {_within(window)} AND name IN ({listed}))"
        )

    def _raw_series(self, window: Window) -> dict[str, list[RawSeries]]:
        if window not in self._raw:
            self._raw[window] = self._seen(window) if self._has_samples else {}
        return self._raw[window]

    def _seen(self, window: Window) -> dict[str, list[RawSeries]]:
        if self._labels is None:
            self._labels = self._read_labels()
        names = ", ".join(_quoted(name) for name in sorted({name for name, _ in self._labels.values()}))
        found: dict[str, list[RawSeries]] = {}
        if not names:
            return found
        rows = self._connection.execute(
            f'SELECT series, epoch_us(min("at")), epoch_us(max("at")), count(*) FROM {self._samples()}'
            f" WHERE {_within(window)} AND name IN ({names}) GROUP BY series"
        ).fetchall()
        for key, first, last, count in rows:
            name, labels = self._labels[key]
            found.setdefault(name, []).append(RawSeries(key, name, labels, first, last, count))
        return found

    def _read_labels(self) -> dict[int, tuple[str, dict[str, str]]]:
        wanted = pa.table({"name": sorted(_declared_names())})
        self._connection.register("declared_names", wanted)
        rows = self._connection.execute(
            f"SELECT DISTINCT series, name, labels FROM read_parquet({_quoted(str(self._path / 'series'))}"
            " || '/*.parquet') SEMI JOIN declared_names USING (name)"
        ).fetchall()
        self._connection.unregister("declared_names")
        return {series: (name, json.loads(labels)) for series, name, labels in rows}


def _within(window: Window) -> str:
    first, last = (f"make_timestamptz({at})" for at in (window.start, window.end - 1))
    return f'day BETWEEN CAST({first} AS DATE) AND CAST({last} AS DATE) AND "at" >= {first} AND "at" <= {last}'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

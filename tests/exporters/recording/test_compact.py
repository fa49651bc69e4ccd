"""Many small segments become few; nothing is lost, nothing of others is touched."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.recording import compact as module
from exporters.recording.compact import compact, own_segments
from exporters.series import Series
from exporters.store.writer import StoreWriter

DAY = 86_400


def rows(store: Path) -> Counter[tuple[object, ...]]:
    with duckdb.connect() as db:
        found = db.execute(
            f"select name, series, epoch_us(\"at\"), value, day from read_parquet('{store}/samples/*/*.parquet',"
            " hive_partitioning = true)"
        ).fetchall()
    return Counter(found)


def files(store: Path, folder: str = "samples/*") -> list[Path]:
    return sorted(store.glob(f"{folder}/*.parquet"))


def write(store: Path, flushes: int, names: str = "ba") -> None:
    writer = StoreWriter(store)
    for at in range(flushes):
        for name in names:
            writer.add([Series.of(name, [("at", str(at % 3))])], [float(at)], [float(DAY - 2 + at)])
        writer.flush()


def test_one_segment_per_day_is_left_and_sorted(tmp_path: Path) -> None:
    is_own = own_segments(time.time_ns())
    write(tmp_path / "s", 6)
    before = rows(tmp_path / "s")
    assert len(files(tmp_path / "s")) == 6
    assert compact(tmp_path / "s", is_own) == 4 + len({0, 1, 2}) - 1
    assert rows(tmp_path / "s") == before
    assert len(files(tmp_path / "s")) == 2
    assert len(files(tmp_path / "s", "series")) == 1
    with duckdb.connect() as db:
        query = f"select name, series, epoch_us(\"at\") from '{files(tmp_path / 's')[1]}'"
        found = db.execute(query).fetchall()
        assert found == sorted(found)
        assert db.execute(f"select count(*) from '{tmp_path}/s/series/*.parquet'").fetchall() == [(6,)]
    assert compact(tmp_path / "s", is_own) == 0


def test_what_others_wrote_stays(tmp_path: Path) -> None:
    write(tmp_path / "s", 4)
    before = files(tmp_path / "s")
    assert compact(tmp_path / "s", own_segments(time.time_ns())) == 0
    assert files(tmp_path / "s") == before
    assert not own_segments(0)("00000000000000000001-1-0.parquet")


def test_large_ones_stay_and_groups_are_bounded(tmp_path: Path) -> None:
    is_own = own_segments(0)
    write(tmp_path / "s", 2, "abcdefgh")
    assert compact(tmp_path / "s", is_own, small_rows=5) == 0
    write(tmp_path / "t", 2, "abcdefgh")
    assert compact(tmp_path / "t", is_own, small_rows=100, merged_rows=10) == 0


def test_a_crash_in_between_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "s", 4)
    before = rows(tmp_path / "s")

    def full(table: pa.Table, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        compact(tmp_path / "s", own_segments(0))
    monkeypatch.undo()
    assert rows(tmp_path / "s") == before
    monkeypatch.setattr(Path, "unlink", full_unlink)
    with pytest.raises(OSError, match="gone"):
        compact(tmp_path / "s", own_segments(0))
    monkeypatch.undo()
    assert set(rows(tmp_path / "s")) == set(before)


def full_unlink(path: Path, missing_ok: bool = False) -> None:
    raise OSError(5, "gone")


@settings(deadline=None, max_examples=20)
@given(
    flushes=st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3 * DAY), st.floats(allow_nan=False)), max_size=6),
        max_size=8,
    ),
    merged_rows=st.integers(1, 40),
)
def test_any_samples_stay_the_same(
    tmp_path_factory: pytest.TempPathFactory, flushes: list[list[tuple[str, int, float]]], merged_rows: int
) -> None:
    store = tmp_path_factory.mktemp("compact") / "s"
    writer = StoreWriter(store)
    writer.add([Series.of("x", ())], [1.0], [1.0])
    for samples in flushes:
        for name, at, value in samples:
            writer.add([Series.of(name, ())], [value], [float(at)])
        writer.flush()
    writer.close()
    before = rows(store)
    compact(store, own_segments(0), merged_rows=merged_rows)
    assert rows(store) == before

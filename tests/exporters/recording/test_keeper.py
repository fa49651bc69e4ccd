"""Nothing is lost between a scrape and the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from exporters.recording.fetch import Answer
from exporters.recording.keeper import Keeper
from exporters.recording.scrape import Scrape, Scraper
from exporters.recording.targets import make_target
from exporters.store.layout import StoreError


def scrape(at: float) -> Scrape:
    return Scraper(make_target("h:1", {}, 1)).scrape(Answer(b"a 1\n", ""), at, 0.0)


def samples(store: Path) -> int:
    with duckdb.connect() as db:
        return len(db.execute(f"select 1 from '{store}/samples/*/*.parquet' where name = 'a'").fetchall())


def block(store: Path) -> None:
    shutil.rmtree(store / "samples")
    (store / "samples").write_text("in the way")


def test_writes_when_it_is_time(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "s", print, flush_seconds=1_000)
    keeper.put(scrape(100))
    keeper.tend()
    assert keeper.samples_written == 0
    keeper.close()
    assert samples(tmp_path / "s") == 1


def test_a_failing_disk_is_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    store = tmp_path / "s"
    keeper = Keeper(store, said.append, flush_seconds=0)
    block(store)
    for at in (100, 101):
        keeper.put(scrape(at))
        keeper.tend()
    assert len(said) == 1
    (store / "samples").unlink()
    keeper.tend()
    assert samples(store) == 2
    assert "caught up" in said[1]


def test_the_end_says_when_it_cannot_write(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "s", lambda _: None)
    block(tmp_path / "s")
    keeper.put(scrape(100))
    with pytest.raises(StoreError):
        keeper.close(retry_seconds=0)


def test_too_much_waiting_drops_the_oldest(tmp_path: Path) -> None:
    said: list[str] = []
    store = tmp_path / "s"
    keeper = Keeper(store, said.append, flush_seconds=0, samples_waiting=9)
    block(store)
    for at in (100, 101, 102, 103, 104):
        keeper.put(scrape(at))  # four samples each
        keeper.tend()
    assert keeper.samples_dropped == 8
    assert keeper.samples_held == 12
    (store / "samples").unlink()
    keeper.tend()
    assert "8 had to be dropped" in said[1]
    query = f"select epoch(\"at\") from '{store}/samples/*/*.parquet' where name = 'a' order by 1"
    with duckdb.connect() as db:
        assert [at for (at,) in db.execute(query).fetchall()] == [100, 103, 104]


def test_many_flushes_leave_few_segments(tmp_path: Path) -> None:
    store = tmp_path / "s"
    keeper = Keeper(store, print, flush_seconds=0)
    for at in range(100, 140):
        keeper.put(scrape(at))
        keeper.tend()
    assert len(list(store.glob("samples/*/*.parquet"))) == 40
    keeper.close()
    assert len(list(store.glob("samples/*/*.parquet"))) == 1
    assert samples(store) == 40

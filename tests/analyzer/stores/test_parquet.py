"""The embedded store as a reader meets it when something is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.stores.frame import Question
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.canonical import serving
from exporters.series import Series
from exporters.store.layout import StoreError
from exporters.store.writer import StoreWriter

AT = 1_794_268_800.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with StoreWriter(tmp_path / "store") as writer:
        writer.add([Series.of("vllm:num_requests_running", [("instance", "a:1")])], [1.0], [AT])
    return tmp_path / "store"


def test_a_damaged_segment_is_named_with_what_to_do(store: Path) -> None:
    segment = next((store / "samples").glob("*/*.parquet"))
    segment.write_bytes(segment.read_bytes()[:-20])
    reader = ParquetStore(store)
    with pytest.raises(StoreError, match=r"cannot be read.*import its samples again"):
        reader.extent()
    with pytest.raises(StoreError, match="cannot be read"):
        reader.read(Question(serving.requests_running, Window.of_seconds(AT, AT + 300)))


def test_temporary_files_of_a_killed_writer_are_not_read(store: Path) -> None:
    segment = next((store / "samples").glob("*/*.parquet"))
    segment.with_name(f".{segment.name}.tmp").write_bytes(b"half")
    question = Question(serving.requests_running, Window.of_seconds(AT, AT + 300))
    assert ParquetStore(store).read(question).samples.num_rows == 1

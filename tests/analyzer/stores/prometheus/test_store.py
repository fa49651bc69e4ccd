"""A server as a store: what is asked of it is copied once, kept where somebody wants it, and gone otherwise."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.stores.frame import Question
from analyzer.stores.parquet import ParquetStore
from analyzer.stores.prometheus.access import ServerAccess
from analyzer.stores.prometheus.connect import connect
from analyzer.stores.prometheus.cost import Estimate
from analyzer.stores.prometheus.store import PrometheusStore, Reading
from analyzer.window import Window
from exporters.canonical import nodes, serving
from exporters.source import SourceFailed
from exporters.store.layout import StoreError
from tests.analyzer.conftest import START, Scene
from tests.analyzer.stores.prometheus.small_fleet import END, PAGES, add_fleet
from tests.real_servers import prometheus, prometheus_binaries

TOKENS = Question(serving.generation_tokens_total, Window.of_seconds(START, END))
NODES = Question(nodes.node_info, Window.of_seconds(START, END))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    folder = tmp_path_factory.mktemp("store")
    add_fleet(Scene()).store(folder / "store")
    with prometheus(prometheus_binaries()[0], folder / "store", folder / "server") as running:
        yield running.url


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


def store_of(url: str, reading: Reading | None = None) -> PrometheusStore:
    return PrometheusStore(connect(ServerAccess(url)), reading or Reading())


def test_a_copy_that_nobody_keeps_is_gone_with_the_store(url: str, temporary: Path) -> None:
    with store_of(url) as store:
        store.expect([TOKENS])
        assert len(store.read(TOKENS).samples) == store.samples > 0
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_only_what_was_asked_for_is_copied(url: str) -> None:
    with store_of(url) as store:
        store.expect([TOKENS])
        assert len(store.read(NODES).samples) == 0
        assert store.samples < 2 * len(PAGES)


def test_further_questions_make_another_copy_and_leave_no_old_one(url: str, temporary: Path) -> None:
    with store_of(url) as store:
        store.expect([TOKENS])
        store.expect([NODES])
        assert len(store.read(NODES).samples) > 0
        assert len(list(temporary.iterdir())) == 1
    assert list(temporary.iterdir()) == []


def test_a_question_that_was_not_announced_is_an_error(url: str) -> None:
    with store_of(url) as store, pytest.raises(SourceFailed, match="nothing was copied yet"):
        store.read(TOKENS)


def test_what_to_read_is_agreed_before_it_is_read(url: str, temporary: Path) -> None:
    class No(Exception):
        pass

    def refuse(costs: Estimate) -> None:
        assert costs.total > 0
        raise No

    with store_of(url, Reading(agree=refuse)) as store, pytest.raises(No):
        store.expect([TOKENS])
    assert list(temporary.iterdir()) == []


def test_a_kept_copy_is_a_whole_store_by_itself(url: str, tmp_path: Path) -> None:
    with store_of(url, Reading(folder=tmp_path / "kept")) as store:
        store.expect([TOKENS])
        found = store.read(TOKENS)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert ParquetStore(tmp_path / "kept").read(TOKENS).samples == found.samples


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_folder_that_appeared_meanwhile_is_not_overwritten(url: str, tmp_path: Path, is_folder: bool) -> None:
    kept = tmp_path / "kept"

    def meanwhile(costs: Estimate) -> None:
        del costs
        if is_folder:
            kept.mkdir()
        (kept / "mine" if is_folder else kept).write_text("mine")

    with (
        store_of(url, Reading(folder=kept, agree=meanwhile)) as store,
        pytest.raises(StoreError, match=r"cannot be kept at .*kept"),
    ):
        store.expect([TOKENS])
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "mine" if is_folder else kept).read_text() == "mine"


def test_a_place_where_nothing_can_be_written_is_told(url: str, tmp_path: Path) -> None:
    with (
        store_of(url, Reading(folder=tmp_path / "gone" / "kept")) as store,
        pytest.raises(StoreError, match=r"nothing can be written in .*gone: No such file"),
    ):
        store.expect([TOKENS])
    assert list(tmp_path.iterdir()) == []


def test_the_cluster_label_of_the_user_is_the_cluster(url: str) -> None:
    with PrometheusStore(connect(ServerAccess(url), "instance")) as store:
        store.expect([TOKENS])
        clusters = store.read(TOKENS).series["cluster"].to_pylist()
    assert sorted(clusters) == ["10.0.0.1:8000", "10.0.0.2:8000"]

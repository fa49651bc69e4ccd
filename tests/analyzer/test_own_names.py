"""What the node's agent tells again of an engine's page is read back as the page itself would be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from analyzer.stores.frame import Question
from analyzer.stores.parquet import ParquetStore
from analyzer.window import Window
from exporters.canonical import serving
from exporters.metric import Kind, Metric
from exporters.pages.parser import PageParser
from exporters.sinks.prometheus_page import PrometheusPage
from exporters.sources.pages.address import address_of
from exporters.sources.pages.meaning import Meanings
from exporters.sources.pages.page import told
from exporters.store.writer import StoreWriter
from tests.analyzer.conftest import RECORDED, START
from tests.exporters.sources.neuron.conftest import Shown

ENGINE = {"namespace": "ml", "pod": "llama-0", "instance": "10.0.0.7:8000"}
AGENT = {"namespace": "gpuyield", "pod": "gpuyield-node-x", "instance": "10.0.0.7:19400"}
METRICS = [one for one in vars(serving).values() if isinstance(one, Metric) and one is not serving.target_up]


def stored(folder: Path, page: bytes, target: Mapping[str, str]) -> ParquetStore:
    """A store with one scrape of this page, labels as Prometheus gives them."""
    read = PageParser(target).parse(page, START)
    with StoreWriter(folder) as writer:
        writer.add(read.series, read.values, read.at)
    return ParquetStore(folder)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[ParquetStore, ParquetStore]:
    """The engine scraped by itself, and through the agent."""
    page = (RECORDED / "vllm-0.32" / "page.prom").read_bytes()
    address = address_of("http://10.0.0.7:8000/metrics#namespace=ml&pod=llama-0", "node-a")
    samples = told(PageParser().parse(page, START), Meanings(address.labels))
    ours = PrometheusPage(Shown(samples)).answer().body
    folder = tmp_path_factory.mktemp("own-names")
    return stored(folder / "theirs", page, ENGINE), stored(folder / "ours", ours, AGENT)


def rows(store: ParquetStore, question: Question) -> list[tuple[object, ...]]:
    """(labels of the metric, le, value) of each series."""
    frame = store.read(question)
    labels = [*question.metric.labels, *(["le"] if question.part == "bucket" else [])]
    table = frame.samples.join(frame.series, "series").select([*labels, "value"])
    return sorted(tuple(row.values()) for row in table.to_pylist())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_agents_page_means_what_the_engines_means(
    stores: tuple[ParquetStore, ParquetStore], metric: Metric
) -> None:
    for part in ("bucket", "sum", "count") if metric.kind is Kind.HISTOGRAM else ("",):
        question = Question(metric, Window.of_seconds(START - 60, START + 60), part)
        theirs, ours = (rows(store, question) for store in stores)
        assert theirs == ours
        assert theirs


def test_a_part_is_found_under_our_own_name(stores: tuple[ParquetStore, ParquetStore]) -> None:
    question = Question(serving.time_to_first_token_seconds, Window.of_seconds(START - 60, START + 60), "bucket")
    names = set(stores[1].read(question).series["upstream"].to_pylist())
    assert names == {"gpuyield_inference_time_to_first_token_seconds_bucket"}

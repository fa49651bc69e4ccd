"""Thanos keeps a few samples an hour of what is old; nothing is counted from those."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from analyzer.stores.frame import Question
from analyzer.stores.prometheus.connect import source_of
from analyzer.stores.prometheus.store import PrometheusStore
from analyzer.window import Window
from exporters.canonical import serving
from exporters.source import SourceFailed
from tests.analyzer.conftest import START, Scene, every
from tests.analyzer.stores.prometheus import go_between
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply, text_reply
from tests.analyzer.stores.prometheus.go_between import QUERY, RANGE
from tests.real_servers import prometheus, prometheus_binaries

HOUR = 3600
HOLE = (START + 5 * HOUR, START + 5 * HOUR + 1200)
STORES = '{"status":"success","data":{"sidecar":[{"name":"10.1.2.3:10901"}]}}'


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Twenty hours of tokens, with a hole of twenty minutes."""
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    times = [point for point in every(START, START + 20 * HOUR, 60) if not HOLE[0] < point[0] < HOLE[1]]
    engine = {"model_name": "m", "engine": "0", "instance": "10.0.0.1:8000"}
    scene = Scene().add("vllm:generation_tokens_total", [(at, at - START) for at, _ in times], **engine)
    folder = tmp_path_factory.mktemp("thanos")
    scene.store(folder / "store")
    with prometheus(prometheus_binaries()[0], folder / "store", folder / "server") as running:
        yield running.url


class Thanos:
    """A querier in front of the real server whose raw samples are gone before `raw_since`."""

    def __init__(self, url: str, raw_since: float) -> None:
        self._url = url
        self._raw_since = raw_since
        self.questions = 0

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/stores":
            return json_reply(STORES)
        if asked.path not in (QUERY, RANGE) and "/label/" not in asked.path:
            return text_reply("404 page not found\n", "404 Not Found")
        parameters = dict(asked.parameters)
        if parameters.get("query") != "vector(1)":  # that one asks whether anybody is there
            self.questions += 1
            assert parameters["dedup"] == "true"
            assert parameters["partial_response"] == "false"
            assert parameters["max_source_resolution"] in ("0s", "1h")
        status, content_type, body = go_between.ask(self._url, asked)
        if asked.path == RANGE and parameters["max_source_resolution"] == "0s":
            body = self._raw(body)
        return go_between.whole(status, content_type, body)

    def _raw(self, body: bytes) -> bytes:
        answer = json.loads(body)
        for one in answer["data"]["result"]:
            one["values"] = [value for value in one["values"] if value[0] >= self._raw_since]
        return json.dumps(answer).encode()


def tokens(thanos: Thanos, start: Start, client: Ask, hour: float) -> int:
    """How many samples are read from that hour to the end."""
    source = source_of(client(start(thanos).url))
    assert source.flavour.product == "thanos"
    question = Question(serving.generation_tokens_total, Window.of_seconds(START + hour * HOUR, START + 20 * HOUR))
    with PrometheusStore(source) as store:
        store.expect([question])
        return len(store.read(question).samples)


def test_thanos_is_asked_for_whole_merged_raw_answers(real: str, start: Start, client: Ask) -> None:
    thanos = Thanos(real, START)
    assert tokens(thanos, start, client, 0) == 20 * 60 - 19
    assert thanos.questions > 10


def test_downsampled_data_is_refused_and_the_start_of_the_raw_is_told(real: str, start: Start, client: Ask) -> None:
    with pytest.raises(SourceFailed, match=r"only downsampled data before 2026-11-10T08:00:00Z.*--start") as caught:
        tokens(Thanos(real, START + 7.5 * HOUR), start, client, 0)
    assert caught.value.exit_code == 3
    assert tokens(Thanos(real, START + 7.5 * HOUR), start, client, 8) == 12 * 60


def test_a_window_without_any_raw_data_is_refused(real: str, start: Start, client: Ask) -> None:
    with pytest.raises(SourceFailed, match="only downsampled data of this window"):
        tokens(Thanos(real, START + 900 * HOUR), start, client, 0)


def test_a_hole_is_not_taken_for_downsampled_data(real: str, start: Start, client: Ask) -> None:
    assert tokens(Thanos(real, START), start, client, 4) > 900

"""A server that fails in passing costs time and nothing else; one that fails for good leaves nothing behind."""

from __future__ import annotations

import errno
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.stores.frame import Question, Store
from analyzer.stores.parquet import ParquetStore
from analyzer.stores.prometheus import download as downloads
from analyzer.stores.prometheus.connect import source_of
from analyzer.stores.prometheus.errors import Partial, Unauthorised
from analyzer.stores.prometheus.store import PrometheusStore, Reading
from analyzer.window import Window
from exporters.canonical import device, nodes, pods, serving
from exporters.source import SourceFailed
from exporters.store.layout import StoreError
from tests.analyzer.conftest import START, Scene
from tests.analyzer.stores.prometheus import go_between
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply, text_reply
from tests.analyzer.stores.prometheus.go_between import QUERY, RANGE, READ, FirstTimes, GoBetween, Spoil
from tests.analyzer.stores.prometheus.small_fleet import END, add_fleet
from tests.real_servers import prometheus, prometheus_binaries, victoria_metrics

METRICS = (
    serving.generation_tokens_total,
    serving.prompt_tokens_total,
    device.compute_active_ratio,
    nodes.node_info,
    nodes.ready,
    pods.pod_info,
)
Open = Callable[..., PrometheusStore]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet") / "store"
    add_fleet(Scene()).store(folder)
    return folder


@pytest.fixture(scope="module")
def real(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not prometheus_binaries():
        pytest.skip("prometheus is not installed")
    with prometheus(prometheus_binaries()[0], fleet, tmp_path_factory.mktemp("prometheus")) as running:
        yield running.url


@pytest.fixture
def behind(real: str, start: Start, client: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """A store of the real server, its answers spoiled, that keeps its copy in tmp_path/kept."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))

    def begin(spoil: Spoil = go_between.nothing, timeout: float = 5.0, **reading: Any) -> PrometheusStore:
        between = GoBetween(real)
        source = source_of(client(start(between).url, timeout))
        between.spoil = spoil
        return PrometheusStore(source, Reading(**{"folder": tmp_path / "kept", **reading}))

    return begin


def read(store: Store) -> list[list[dict[str, Any]]]:
    """All samples and labels of some metrics."""
    questions = [Question(metric, Window.of_seconds(START, END)) for metric in METRICS]
    store.expect(questions)
    frames = [store.read(question) for question in questions]
    return [[*frame.samples.to_pylist(), *frame.series.to_pylist()] for frame in frames]


def left(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))


def cut_read(how: Callable[[list[bytes]], bytes]) -> Callable[[str], Spoil]:
    def made(real: str) -> Spoil:
        def spoil(asked: Asked) -> Reply | None:
            if asked.path != READ:
                return None
            _, content_type, body = go_between.ask(real, asked)
            return go_between.cut(content_type, how(list(go_between.frames(body))))

        return spoil

    return made


def cut_json(real: str) -> Spoil:
    def spoil(asked: Asked) -> Reply | None:
        if asked.path not in (QUERY, RANGE):
            return None
        _, content_type, body = go_between.ask(real, asked)
        return go_between.cut(content_type, body[: len(body) // 2])

    return spoil


PASSING: dict[str, Callable[[str], Spoil]] = {
    "500": lambda real: go_between.failing("500 Internal Server Error"),
    "503": lambda real: go_between.failing("503 Service Unavailable"),
    "429": lambda real: go_between.failing("429 Too Many Requests"),
    "a dropped connection": lambda real: go_between.dropping,
    "a stream cut between frames": cut_read(lambda frames: b"".join(frames[:-1])),
    "a stream cut in a frame": cut_read(lambda frames: b"".join(frames)[:-3]),
    "JSON cut half way": cut_json,
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_costs_nothing(fleet: Path, real: str, behind: Open, tmp_path: Path, fault: str) -> None:
    with behind(FirstTimes(2, PASSING[fault](real))) as store:
        assert read(store) == read(ParquetStore(fleet))
    assert {path.split("/")[0] for path in left(tmp_path)} == {"kept", "tmp"}
    assert read(ParquetStore(tmp_path / "kept")) == read(ParquetStore(fleet))


def test_a_server_that_hangs_once_is_asked_again(fleet: Path, behind: Open) -> None:
    only_read = FirstTimes(1, go_between.hanging, lambda asked: b"generation_tokens" in plain(asked))
    with behind(only_read, timeout=0.5) as store:
        assert read(store) == read(ParquetStore(fleet))


def plain(asked: Asked) -> bytes:
    """What remote read is asked for."""
    if asked.path != READ:
        return b""
    length = asked.body[0] & 0x7F | (asked.body[1] << 7 if asked.body[0] & 0x80 else 0)
    return bytes(pa.decompress(asked.body, length, "snappy", asbytes=True))


LASTING: dict[str, Callable[[str], Spoil]] = {
    **PASSING,
    "a server that hangs": lambda real: lambda asked: go_between.hanging(asked) if asked.path == READ else None,
    "401": lambda real: (
        lambda asked: text_reply("no\n", "401 Unauthorized") if asked.path == READ else None  # a token that expired
    ),
}


@pytest.mark.parametrize("kept", [True, False], ids=["--save", "temporary"])
@pytest.mark.parametrize("fault", LASTING)
def test_what_lasts_is_told_and_leaves_nothing(real: str, behind: Open, tmp_path: Path, fault: str, kept: bool) -> None:
    reading = {} if kept else {"folder": None}
    with behind(LASTING[fault](real), timeout=0.2, **reading) as store, pytest.raises(SourceFailed) as caught:
        read(store)
    assert caught.value.exit_code == 3
    assert "http://127.0.0.1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == ["tmp"]


def test_credentials_that_end_are_not_tried_on_another_api(behind: Open, real: str) -> None:
    asked_after: list[str] = []

    def spoil(asked: Asked) -> Reply | None:
        if asked.path == READ:
            return text_reply("no\n", "401 Unauthorized")
        asked_after.append(asked.path)
        return None

    with behind(spoil) as store:
        before = len(asked_after)
        with pytest.raises(Unauthorised, match="--bearer-token-file"):
            read(store)
        assert not any("[" in path for path in asked_after[before:])


@pytest.mark.parametrize("limit_samples", [1e9, 1.0], ids=["as scraped", "coarser"])
def test_what_is_too_much_is_halved_until_it_passes(fleet: Path, real: str, behind: Open, limit_samples: float) -> None:
    """Neither remote read nor long questions: as where a small server was set to small limits."""
    asked_for: list[float] = []

    def spoil(asked: Asked) -> Reply | None:
        parameters = dict(asked.parameters)
        if asked.path == READ:
            return text_reply("exceeded sample limit (10)\n", "400 Bad Request")
        if asked.path == RANGE and "_over_time" in parameters["query"]:
            asked_for.append(float(parameters["end"]) - float(parameters["start"]))
            return go_between.too_many(asked) if asked_for[-1] > 2000 else None
        if asked.path == QUERY and parameters["query"].endswith("ms]"):
            asked_for.append(float(parameters["query"].rpartition("[")[2][:-3]) / 1000)
            return go_between.too_many(asked) if asked_for[-1] > 2000 else None
        return None

    with behind(spoil, limit_samples=limit_samples) as store:
        found = read(store)
    assert max(asked_for) > 7000
    assert any(0 < long <= 2000 for long in asked_for)
    true = read(ParquetStore(fleet))
    if limit_samples > 1:
        assert found == true
    else:
        assert found[:2] == true[:2]  # counters are read whole
        assert {row["value"] for row in found[2] if "value" in row} == {0.5}


def test_limits_that_never_pass_are_told(behind: Open, tmp_path: Path) -> None:
    def spoil(asked: Asked) -> Reply | None:
        if asked.path == READ:
            return text_reply("exceeded sample limit (10)\n", "400 Bad Request")
        is_raw = asked.path == QUERY and dict(asked.parameters)["query"].endswith("ms]")
        return go_between.too_many(asked) if is_raw else None

    with behind(spoil) as store, pytest.raises(SourceFailed, match="too many samples"):
        read(store)
    assert left(tmp_path) == ["tmp"]


@pytest.mark.parametrize(
    "told",
    [
        'fetch series for {cluster="a"} from 10.1.2.3:10901: rpc error: code = Unavailable desc = connection refused',
        "receive series from Addr: 10.1.2.3:10901 LabelSets: {}: partial response",
        "remote_read: error sending request to 10.1.2.3:10901",
    ],
)
def test_a_partial_answer_is_an_error_that_says_who_did_not_answer(behind: Open, tmp_path: Path, told: str) -> None:
    empty = {"status": "success", "data": {"resultType": "matrix", "result": []}, "warnings": [told]}

    def spoil(asked: Asked) -> Reply | None:
        if asked.path == READ:
            return text_reply("not here\n", "404 Not Found")
        is_raw = asked.path == QUERY and "_tokens_total" in dict(asked.parameters)["query"]
        return json_reply(json.dumps(empty)) if is_raw else None

    with behind(spoil) as store, pytest.raises(Partial, match=r"10\.1\.2\.3:10901") as caught:
        read(store)
    assert caught.value.exit_code == 3
    assert left(tmp_path) == ["tmp"]


@pytest.mark.parametrize("kept", [True, False], ids=["--save", "temporary"])
def test_a_full_disk_is_told_and_leaves_nothing(
    behind: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with behind(**({} if kept else {"folder": None})) as store:
        monkeypatch.setattr(pq, "write_table", full)
        with pytest.raises(StoreError, match=r"No space left on device.*free some space, or choose") as caught:
            read(store)
    assert caught.value.exit_code == 2
    assert "in memory" not in str(caught.value)
    assert left(tmp_path) == ["tmp"]


def test_no_more_answers_wait_in_memory_than_are_asked_for_at_once(
    behind: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the writer is."""
    lock, held, most = threading.Lock(), [0], [0]
    fetch, in_order = downloads._fetch, downloads._in_order

    def counted(source: Any, one: Any) -> Any:
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        return fetch(source, one)

    def taken(*given: Any) -> Iterator[Any]:
        for answer in in_order(*given):
            yield answer
            with lock:
                held[0] -= 1

    monkeypatch.setattr(downloads, "_fetch", counted)
    monkeypatch.setattr(downloads, "_in_order", taken)
    with behind() as store:
        read(store)
    assert downloads.AT_ONCE <= most[0] <= downloads.AT_ONCE + 1


def test_a_copy_that_was_broken_off_long_ago_is_not_taken_up(fleet: Path, behind: Open, tmp_path: Path) -> None:
    """A killed run cannot tidy up; what it left belongs to another server, perhaps."""
    scene = Scene().node("z", [(START + 60 * minute, 1.0) for minute in range(60)], "p5.48xlarge", 8)
    scene.store(tmp_path / ".kept-killed" / "store")
    with behind() as store:
        assert read(store) == read(ParquetStore(fleet))


def test_victoria_metrics_behind_the_same_faults(fleet: Path, tmp_path: Path, start: Start, client: Ask) -> None:
    with victoria_metrics(fleet, tmp_path / "vm") as running:
        between = GoBetween(running.url)
        source = source_of(client(start(between).url))

        def cut_export(asked: Asked) -> Reply | None:
            if not asked.path.endswith("/export"):
                return None
            _, content_type, body = go_between.ask(running.url, asked)
            return go_between.cut(content_type, body[: body.rfind(b"\n", 0, -1) + 1])

        between.spoil = FirstTimes(2, cut_export)
        with PrometheusStore(source) as store:
            assert read(store) == read(ParquetStore(fleet))

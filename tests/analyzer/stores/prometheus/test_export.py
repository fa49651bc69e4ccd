"""What VictoriaMetrics exports is read line by line, with its stale markers and its words for what JSON lacks."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from analyzer.stores.prometheus import export as module
from analyzer.stores.prometheus.answers import joined
from analyzer.stores.prometheus.errors import TooMuch, Transient
from analyzer.stores.prometheus.export import Export
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from exporters.recording.stale import STALE
from tests.analyzer.stores.prometheus.conftest import SMALL, Ask, Case, Reply, Start, text_reply
from tests.analyzer.stores.prometheus.test_recorded_queries import Table, assert_table, table

TOKENS = Selector(
    (
        Matcher("__name__", Operator.MATCHES, "vllm:(prompt|generation)_tokens_total"),
        Matcher("job", Operator.EQUAL, "vllm"),
    )
)
HOUR = (1_795_500_000_000, 1_795_503_600_000)


def read(reply: Reply, start: Start, client: Ask, window: tuple[int, int] = HOUR) -> Points:
    return joined(list(Export(client(start(lambda asked: reply).url)).read(TOKENS, *window)))


def exported(case: Case) -> Table:
    return {
        frozenset(one["metric"].items()): [(at, STALE if value is None else value) for at, value in one["samples"]]
        for one in json.loads((case.folder / "expected.json").read_text())["series"]
    }


@pytest.mark.parametrize("name", ["export-tokens-gzip", "export-trim"])
def test_recorded(start: Start, client: Ask, name: str) -> None:
    case = Case(SMALL / "victoria-metrics" / name)
    assert_table(name, table(read(case.reply, start, client)), exported(case), 0.0)


def test_the_question(start: Start, client: Ask) -> None:
    recorded = Case(SMALL / "victoria-metrics" / "export-tokens-gzip")
    replay = start(lambda asked: recorded.reply)
    list(Export(client(replay.url)).read(TOKENS, 1_795_500_648_000, 1_795_500_913_279))
    assert replay.asked[0].path == "/api/v1/export"
    assert dict(replay.asked[0].parameters) == {
        "match[]": '{__name__=~"vllm:(prompt|generation)_tokens_total",job="vllm"}',
        "start": "1795500648.000",
        "end": "1795500913.279",
    }


def test_words_stale_markers_and_parts_of_a_series(start: Start, client: Ask, recorded_late: Case) -> None:
    points = read(recorded_late.reply, start, client)
    rows = table(points)
    special = {dict(key)["kind"]: row[0][1] for key, row in rows.items() if ("__name__", "test_special") in key and row}
    assert math.isnan(special["nan"])
    assert (special["pinf"], special["ninf"]) == (math.inf, -math.inf)
    stale = points.values.view(np.int64) == np.array([STALE]).view(np.int64)
    ended = {points.series[which].name for which in points.which[stale].tolist()}
    assert {"test_reset_total", "test_vanishing_total"} <= ended


@pytest.fixture
def recorded_late(wire: Path) -> Case:
    case = Case(wire / "victoria-metrics" / "export-late")
    if not case.folder.exists():
        pytest.skip("only among all the recordings")
    return case


LINE = '{"metric":{"__name__":"a"},"values":[1,2,3],"timestamps":[1795500001000,1795500002000,1795500003000]}\n'


@pytest.mark.parametrize("chunk", [1, 7, len(LINE), 1000])
def test_lines_may_come_in_any_pieces(start: Start, client: Ask, chunk: int) -> None:
    text = (LINE * 3).encode()
    pieces = [text[place : place + chunk] for place in range(0, len(text), chunk)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    points = read(Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"), start, client)
    assert points.values.tolist() == [1, 2, 3] * 3


def test_only_what_lies_in_the_window(start: Start, client: Ask) -> None:
    points = read(text_reply(LINE), start, client, (1_795_500_002_000, 1_795_500_002_999))
    assert (points.at.tolist(), points.values.tolist()) == ([1_795_500_002_000], [2.0])


def test_nothing_there(start: Start, client: Ask) -> None:
    assert len(read(text_reply(""), start, client)) == 0


@pytest.mark.parametrize(
    "text",
    [LINE + LINE[:50], LINE + "error when exporting data\n", LINE + '{"metric":{},"values":[],"timestamps":[]}\n'],
)
def test_what_is_not_whole_is_asked_for_again(start: Start, client: Ask, text: str) -> None:
    with pytest.raises(Transient):
        read(text_reply(text), start, client)


def test_memory_is_bounded(start: Start, client: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_BYTES", 50)
    with pytest.raises(TooMuch, match="a line of more than 50 bytes"):
        read(text_reply(LINE[:-1]), start, client)
    monkeypatch.setattr(module, "LINE_BYTES", 5000)
    monkeypatch.setattr(module, "_BATCH_SAMPLES", 6)
    batches = list(Export(client(start(lambda asked: text_reply(LINE * 5)).url)).read(TOKENS, *HOUR))
    assert [len(one) for one in batches] == [6, 6, 3]

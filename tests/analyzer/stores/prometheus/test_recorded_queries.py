"""What real servers answered to the query API is read as it was meant, or refused for the right reason."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.stores.prometheus import answers
from analyzer.stores.prometheus.errors import Partial, Refused, TooMuch, Transient, Unauthorised
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.server import Server
from exporters.importing.vm_json import decode_line
from exporters.source import SourceFailed
from tests.analyzer.stores.prometheus.conftest import Ask, Case, Replay, Start

SERVERS = [
    "prom-2.42",
    "prom-2.42-auth",
    "prom-2.42-limits",
    "prom-2.42-native",
    "prom-2.42-timeout",
    "prom-3.16",
    "prom-3.16-auth",
    "prom-3.16-ha-a",
    "prom-3.16-ha-b",
    "prom-3.16-limits",
    "prom-3.16-nhcb",
    "prom-3.16-st",
    "prom-3.16-timeout",
    "prom-3.16-xor2",
    "victoria-metrics",
    "victoria-metrics-auth",
    "victoria-metrics-limits",
]
ENDPOINTS = {"query", "query_range", "series", "values", "labels", "export"}
LIMITS = {
    "query-max-samples",
    "query-range-max-samples",
    "query-range-too-many",
    "query-max-series",
    "series-max",
    "export-max-series",
    "query-timeout",
    "query-timeout-expanding",
    "query-range-timeout",
    "query-range-timeout-1ms",
}
Key = frozenset[tuple[str, str]]
Table = dict[Key, list[tuple[int, float]]]


def cases(wire: Path, server: str) -> Iterator[Case]:
    """The conversations with one server that a reader of samples has."""
    for folder in sorted((wire / server).glob("*")):
        case = Case(folder)
        asked = case.asked
        if asked.path.rpartition("/")[2] in ENDPOINTS and "format" not in dict(asked.parameters):
            yield case


@pytest.mark.parametrize("server", SERVERS)
def test_what_came_is_what_was_stored(wire: Path, server: str, start: Start, client: Ask) -> None:
    good = [case for case in cases(wire, server) if case.status == 200 and not case.name.startswith("cut-")]
    if not good:
        pytest.skip("only errors were recorded of this server here")
    player = Player(start, client)
    for case in good:
        found, expected = player.answer(case), case.folder / "expected.json"
        if expected.exists():
            assert_same(case.name, found, json.loads(expected.read_text()), 1e-12 if "victoria" in server else 0.0)


@pytest.mark.parametrize("server", SERVERS)
def test_what_failed_says_what_to_do(wire: Path, server: str, start: Start, client: Ask) -> None:
    bad = [case for case in cases(wire, server) if case.status != 200 or case.name.startswith("cut-")]
    if not bad:
        pytest.skip("only good answers were recorded of this server here")
    player = Player(start, client)
    for case in bad:
        with pytest.raises(SourceFailed) as caught:
            player.answer(case)
        assert type(caught.value) is kind_of(case), (case.name, caught.value)


def kind_of(case: Case) -> type[SourceFailed]:
    if case.name.startswith("cut-"):
        return Transient
    if case.status in (401, 403):
        return Unauthorised
    return TooMuch if case.name in LIMITS else Refused


class Player:
    """Asks the recorded question again and reads the recorded answer."""

    def __init__(self, start: Start, client: Ask) -> None:
        self._case: Case | None = None
        self._replay: Replay = start(lambda asked: self._now.reply)
        self._server: Server = client(self._replay.url)

    @property
    def _now(self) -> Case:
        assert self._case is not None
        return self._case

    def answer(self, case: Case) -> Any:
        """Points, a vector, texts, label sets or lines; nothing where the answer was cut short by a limit."""
        self._case = case
        asked, server = case.asked, self._server
        where, warn = server.access.where(asked.path), list[str]().append
        endpoint = asked.path.rpartition("/")[2]
        if endpoint == "export":
            with server.stream(asked.path, asked.parameters) as answer:
                return [decode_line(line) for line in b"".join(answer.chunks()).splitlines()]
        body = (server.get if asked.method == "GET" else server.post_form)(asked.path, asked.parameters)
        assert self._replay.asked[-1].parameters == asked.parameters
        try:
            return read(endpoint, body, where, warn)
        except Partial:
            assert "limit" in case.name
            return None


def read(endpoint: str, body: bytes, where: str, warn: answers.Warn) -> Any:
    if endpoint in ("values", "labels"):
        return answers.texts(body, where, warn)
    if endpoint == "series":
        return answers.label_sets(body, where, warn)
    if b'"matrix"' in body[:200]:
        return answers.matrix(body, where, warn)
    return answers.vector(body, where, warn)


def assert_same(name: str, found: Any, expected: Any, tolerance: float) -> None:
    if isinstance(found, Points):
        assert_table(name, table(found), wanted(expected["result"]), tolerance)
    elif name.startswith("series"):
        assert sorted(map(sorted, found)) == sorted(map(sorted, expected["result"]))
        assert {frozenset(one.items()) for one in found} == {frozenset(one.items()) for one in expected["result"]}
    elif name.startswith("label"):
        missing, more = set(expected.get("missing_in_body", ())), set(expected.get("only_in_body", ()))
        assert set(found) - more == set(expected["result"]) - missing
    elif name.startswith("export"):
        exported = {(frozenset(labels.items())): list(values) for labels, values, _ in found}
        assert len(exported) == (expected["series"] if isinstance(expected["series"], int) else len(expected["series"]))
    elif found is not None and isinstance(expected["result"], list):
        floats = [one for one in expected["result"] if not isinstance(one["points"][0][1], dict)]
        got = {frozenset(labels.items()): [(0, value)] for labels, value in found}
        right = {frozenset(one["metric"].items()): [(0, float(one["points"][0][1]))] for one in floats}
        assert_table(name, got, right, tolerance)
    elif found is not None:
        assert found == [({}, float(expected["result"]))]


def table(points: Points) -> Table:
    rows: Table = {}
    for which, at, value in zip(points.which.tolist(), points.at.tolist(), points.values.tolist(), strict=True):
        series = points.series[which]
        labels = [*series.labels, *([("__name__", series.name)] if series.name else [])]
        rows.setdefault(frozenset(labels), []).append((at, value))
    return {key: sorted(row) for key, row in rows.items()}


def wanted(result: list[dict[str, Any]]) -> Table:
    """Of a native histogram its count and sum."""
    rows: Table = {}
    for one in result:
        for at, value in one["points"]:
            parts = {"_count": value["count"], "_sum": value["sum"]} if isinstance(value, dict) else {"": value}
            for ending, text in parts.items():
                metric = {**one["metric"], "__name__": one["metric"].get("__name__", "") + ending}
                key = frozenset((label, value) for label, value in metric.items() if value)
                rows.setdefault(key, []).append((round(at * 1000), float(text)))
    return {key: sorted(row) for key, row in rows.items()}


def assert_table(name: str, found: Table, expected: Table, tolerance: float) -> None:
    buckets = {key for key in found if any(label == "le" for label, _ in key)} - expected.keys()
    assert found.keys() - buckets == expected.keys(), name
    for key, row in expected.items():
        assert [at for at, _ in found[key]] == [at for at, _ in row], name
        for (_, value), (_, right) in zip(found[key], row, strict=True):
            both_nan = math.isnan(value) and math.isnan(right)
            assert both_nan or math.isclose(value, right, rel_tol=tolerance, abs_tol=5e-324), (name, key)

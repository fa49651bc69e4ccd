"""Prometheus 3 may keep classic histograms natively: the latencies that come out are those of the page all the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.stores.frame import Question
from analyzer.stores.prometheus.connect import source_of
from analyzer.stores.prometheus.remote_read.remote_pb2 import Query, ReadRequest
from analyzer.stores.prometheus.store import PrometheusStore
from analyzer.window import Window
from exporters.canonical import serving
from tests.analyzer.stores.prometheus.conftest import (
    SMALL,
    Ask,
    Asked,
    Case,
    Reply,
    Start,
    json_reply,
    text_reply,
)

TTFT = "vllm:time_to_first_token_seconds"
FIRST, LAST = 1_795_500_648, 1_795_500_913
WINDOW = Window.of_seconds(FIRST, LAST)
CLASSIC = (f"{TTFT}_bucket", f"{TTFT}_sum", f"{TTFT}_count")
EMPTY = '{"status":"success","data":{"resultType":"vector","result":[]}}'
STREAM = "Content-Type: application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse\r\n"

Table = dict[tuple[str, str], list[tuple[float, float]]]  # part and bound -> (second, value)


class Recorded:
    """A server that holds the recorded histogram under these names, and nothing else."""

    def __init__(self, case: Case, names: tuple[str, ...]) -> None:
        self._case = case
        self._names = names
        self.asked: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        if asked.path.endswith("/buildinfo"):
            return Case(SMALL / "prom-3.16" / "status-buildinfo").reply
        if asked.path.endswith("/values"):
            return json_reply('{"status":"success","data":[' + ",".join(f'"{name}"' for name in self._names) + "]}")
        if asked.path.endswith("/query"):
            return json_reply(EMPTY)
        if not asked.path.endswith("/read"):
            return text_reply("404 page not found\n", "404 Not Found")
        self.asked += [matcher.value for matcher in question(asked).matchers if matcher.name == "__name__"]
        # The recorded answer has all parts of the histogram: it comes for the first of them.
        return self._case.reply if self.asked[-1] == self._names[0] else text_reply("", headers=STREAM)


def question(asked: Asked) -> Query:
    length = shift = 0
    for byte in asked.body:
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return ReadRequest.FromString(pa.decompress(asked.body, length, "snappy", asbytes=True)).queries[0]


def table(double: Recorded, start: Start, client: Ask) -> Table:
    """Every part of the time to first token."""
    found: Table = {}
    with PrometheusStore(source_of(client(start(double).url))) as store:
        questions = [Question(serving.time_to_first_token_seconds, WINDOW, part) for part in ("bucket", "sum", "count")]
        store.expect(questions)
        for one in questions:
            frame = store.read(one)
            bounds: list[dict[str, Any]] = frame.series.to_pylist()
            for row in frame.samples.to_pylist():
                key = (one.part, bounds[row["series"]].get("le", ""))
                found.setdefault(key, []).append((row["at"].timestamp(), row["value"]))
    return found


@pytest.fixture
def both(recording: Callable[[str], Path], start: Start, client: Ask) -> tuple[Table, Table]:
    """The same page's latencies from a server that keeps them natively and from one that does not."""
    wire = recording("prometheus-wire")
    native = Recorded(Case(wire / "prom-3.16-nhcb" / "read-stream-ttft"), (TTFT,))
    classic = Recorded(Case(wire / "prom-3.16" / "read-stream-ttft"), CLASSIC)
    found = table(native, start, client), table(classic, start, client)
    assert [name for name in native.asked if name.startswith("vllm")] == [TTFT]
    return found


def test_a_native_histogram_arrives_as_buckets_sums_and_counts(both: tuple[Table, Table]) -> None:
    native, classic = both
    assert native.keys() == classic.keys()
    assert {key: len(row) for key, row in native.items()} == {key: len(row) for key, row in classic.items()}
    assert values(native, "bucket", "+Inf") == values(native, "count")
    ordered = sorted((le for part, le in native if part == "bucket"), key=float)
    for less, more in pairwise(ordered):
        assert all(
            low <= high
            for low, high in zip(values(native, "bucket", less), values(native, "bucket", more), strict=True)
        )


def test_it_is_the_histogram_that_a_classic_server_has(both: tuple[Table, Table]) -> None:
    """The two scraped the page a fifth of a second apart: a request may have ended between."""
    for key in both[0]:
        one, other = (values(table, *key) for table in both)
        differ = sum(left != right for left, right in zip(one, other, strict=True))
        assert differ <= 0.2 * len(one), key


def test_the_share_of_good_requests_is_the_same(both: tuple[Table, Table]) -> None:
    for limit, least in (("0.1", 0.2), ("0.25", 0.9), ("1.0", 0.99)):
        native, classic = (share(found, limit) for found in both)
        assert native == pytest.approx(classic, abs=0.01)
        assert least < native <= 1


def share(found: Table, limit: str) -> float:
    """Requests whose first token came within the limit, of all."""
    good, every = values(found, "bucket", limit), values(found, "count")
    return (good[-1] - good[0]) / (every[-1] - every[0])


def values(found: Table, part: str, bound: str = "") -> list[float]:
    """In order of time, without the marker that ends a series."""
    return [value for _, value in found[part, bound] if not math.isnan(value)]

"""Recorded answers of real servers, and what Prometheus's own code makes of them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from analyzer.stores.prometheus.errors import Transient
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.remote_read.remote_pb2 import LabelMatcher, ReadRequest
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from exporters.series import Series

KEPT = Path(__file__).parents[4] / "recorded" / "prometheus-wire" / "read"  # the few that are in the repository
OPERATORS = {
    LabelMatcher.EQ: Operator.EQUAL,
    LabelMatcher.NEQ: Operator.NOT_EQUAL,
    LabelMatcher.RE: Operator.MATCHES,
    LabelMatcher.NRE: Operator.MATCHES_NOT,
}

# Series -> (unix milliseconds, the bits of the values), by time.
Samples = dict[Series, tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One conversation."""

    folder: Path

    @property
    def name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def content_type(self) -> str:
        """The header of the answer."""
        for line in (self.folder / "response.headers").read_text().splitlines():
            if line.startswith("Content-Type: "):
                return line.removeprefix("Content-Type: ")
        return ""

    @property
    def entity(self) -> bytes:
        """The body without HTTP's framing."""
        whole = self.folder / "response.entity"
        return (whole if whole.exists() else self.folder / "response.body").read_bytes()

    @property
    def asked(self) -> ReadRequest:
        """What was asked."""
        body = (self.folder / "request.http").read_bytes().split(b"\r\n\r\n", 1)[1]
        return ReadRequest.FromString(unsnapped(body))

    @property
    def expected(self) -> list[dict[str, Any]]:
        """The series, by Prometheus's own decoder."""
        found = json.loads((self.folder / "expected.json").read_text())["series"]
        return found or []

    def chunks(self) -> Iterator[bytes]:
        """The body in odd pieces; one that was cut says so at its end, as the reader of HTTP does."""
        body = self.entity
        yield from (body[start : start + 1009] for start in range(0, len(body), 1009))
        if self.folder.name.startswith("cut-"):
            raise Transient("the body was cut")


class Replay:
    """Answers each form of the question with the conversation that was recorded for it, and no other."""

    def __init__(self, answers: Mapping[int, Recorded]) -> None:
        self._answers = answers
        self.asked: list[int] = []

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> AbstractContextManager[Recorded]:
        assert path == "/api/v1/read"
        assert headers["X-Prometheus-Remote-Read-Version"] == "0.1.0"
        assert (headers["Content-Encoding"], headers["Content-Type"]) == ("snappy", "application/x-protobuf")
        (form,) = ReadRequest.FromString(unsnapped(body)).accepted_response_types
        self.asked.append(form)
        return nullcontext(self._answers[form])


def unsnapped(body: bytes) -> bytes:
    """A snappy block, of which the length is told by its first bytes; here always two at most."""
    size = body[0] if body[0] < 0x80 else body[0] & 0x7F | body[1] << 7
    return bytes(pa.decompress(body, decompressed_size=size, codec="snappy", asbytes=True))


def question(recorded: Recorded) -> tuple[Selector, int, int]:
    """The selector of the first query, and a range that holds all of them."""
    queries = recorded.asked.queries
    matchers = tuple(Matcher(one.name, OPERATORS[one.type], one.value) for one in queries[0].matchers)
    start = min(query.start_timestamp_ms for query in queries)
    return Selector(matchers), start, max(query.end_timestamp_ms for query in queries)


def samples(batches: Iterable[Points]) -> Samples:
    """What was read, whatever way it was cut into batches; no sample may come twice."""
    found: dict[Series, list[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]]] = {}
    for points in batches:
        order = np.lexsort((points.at, points.which))
        borders = np.flatnonzero(np.diff(points.which[order])) + 1
        for part in np.split(order, borders):
            if len(part):
                series = points.series[points.which[part[0]]]
                found.setdefault(series, []).append((points.at[part], points.values[part].view(np.uint64)))
    return {series: _joined(parts) for series, parts in found.items()}


def _joined(
    parts: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    at = np.concatenate([times for times, _ in parts])
    order = np.argsort(at)
    assert (np.diff(at[order]) > 0).all()
    return at[order], np.concatenate([values for _, values in parts])[order]


def bits(text: str, spelled: str | None = None) -> int:
    """The bits of a value as expected.json writes it: NaNs are told apart by a second text."""
    if spelled:
        return int(spelled.removeprefix("bits:"), 16)
    return int.from_bytes(struct.pack(">d", float(text)), "big")


def series_of(labels: Mapping[str, str]) -> Series:
    """The series of expected.json's labels."""
    rest = dict(labels)
    return Series.of(rest.pop("__name__"), rest.items())


@pytest.fixture
def kept() -> Callable[[str], Recorded]:
    """A conversation that is in the repository."""
    return lambda name: Recorded(KEPT / name)


@pytest.fixture(scope="session")
def wire(recording: Callable[[str], Path]) -> Path:
    """The folder of all recorded conversations, which is not in the repository."""
    return recording("prometheus-wire")

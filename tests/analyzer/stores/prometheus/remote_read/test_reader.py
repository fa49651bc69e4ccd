"""Every recorded answer of every server, down to the bits, against what Prometheus's own code decoded from it."""

from __future__ import annotations

import hashlib
import shutil
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt
import pytest

from analyzer.stores.prometheus.errors import Refused, Transient
from analyzer.stores.prometheus.remote_read import RemoteRead
from analyzer.stores.prometheus.remote_read.frames import frames
from analyzer.stores.prometheus.remote_read.remote_pb2 import ChunkedReadResponse, ChunkedSeries, ReadRequest
from analyzer.stores.prometheus.selector import Selector
from tests.analyzer.stores.prometheus.remote_read.conftest import (
    Recorded,
    Replay,
    Samples,
    bits,
    question,
    samples,
    series_of,
)

STREAM, SAMPLES = ReadRequest.STREAMED_XOR_CHUNKS, ReadRequest.SAMPLES
STALE_BITS = 0x7FF0000000000002
MINUS_ZERO = 1 << 63
NO_XOR = ("prom-3.16-xor2", "prom-3.16-st")  # servers that keep floats in other chunks
SERVERS = [
    "prom-2.42",
    "prom-2.42-limits",
    "prom-2.42-native",
    "prom-3.16",
    "prom-3.16-ha-a",
    "prom-3.16-ha-b",
    "prom-3.16-limits",
    "prom-3.16-nhcb",
    "prom-3.16-st",
    "prom-3.16-xor2",
]


def whole(stream: Recorded, plain: Recorded | None = None) -> Samples:
    """All that the reader makes of the answers to one question."""
    answers: dict[int, Recorded] = {STREAM: stream}
    if plain:
        answers[SAMPLES] = plain
    replay = Replay(answers)
    return samples(RemoteRead(replay).read(*question(stream)))


def in_plain(recorded: Recorded) -> Recorded | None:
    """The same question, answered in plain samples."""
    name = recorded.folder.name.replace("stream-trim", "stream-tokens").replace("stream-", "samples-")
    folder = recorded.folder.with_name(name)
    return Recorded(folder) if name.startswith("read-samples") and folder.exists() else None


def check(found: Samples, recorded: Recorded, zero_has_sign: bool = True) -> None:
    """Holds what was found against expected.json: floats by their bits, histograms as the classic series they are.

    The message of a plain sample leaves out a zero, and with it the sign of one.
    """
    names = set()
    for one in recorded.expected:
        if "samples" in one:
            series = series_of(one["labels"])
            names.add(series)
            at, values = found[series]
            assert at.tolist() == [row[0] for row in one["samples"]], (recorded.name, series)
            wanted = [bits(*row[1:]) for row in one["samples"]]
            if not zero_has_sign:
                wanted = [0 if value == MINUS_ZERO else value for value in wanted]
            assert values.tolist() == wanted, (recorded.name, series)
        if "histograms" in one:
            names |= check_histogram(found, one["labels"], one["histograms"])
    assert set(found) == names, recorded.name


def check_histogram(found: Samples, labels: dict[str, str], rows: Sequence[Any]) -> set[Any]:
    """The series that stand for one native histogram."""
    name = labels["__name__"]
    own = {series for series in found if series.name in (f"{name}_bucket", f"{name}_count", f"{name}_sum")}
    own = {series for series in own if labels.items() <= {*series.labels, ("__name__", name)}}
    per_sample = [cumulative(one) for _, one in rows]
    bounds = {f"{bound:.12g}" for buckets in per_sample for bound in buckets}
    assert {rounded(dict(series.labels)["le"]) for series in own if series.name.endswith("_bucket")} == bounds | {"inf"}
    ends = [one.get("sum_bits") == f"{STALE_BITS:016x}" for _, one in rows]
    for series in own:
        at, values = found[series]
        assert at.tolist() == [row[0] for row in rows]
        if series.name.endswith("_sum"):
            assert values.tolist() == [bits(one["sum"], one.get("sum_bits")) for _, one in rows]
            continue
        assert (values == STALE_BITS).tolist() == ends
        bound = dict(series.labels).get("le", "+Inf")
        if bound == "+Inf":  # and `_count`
            wanted = [float(one["count"]) for _, one in rows]
        else:
            wanted = [up_to(buckets, float(rounded(bound))) for buckets in per_sample]
        going = ~np.array(ends)
        counts: npt.NDArray[np.float64] = values.view(np.float64)[going]
        assert np.allclose(counts, np.array(wanted)[going], rtol=1e-12, atol=1e-12)
    return own


def cumulative(one: dict[str, Any]) -> dict[float, float]:
    """Upper bound (12 digits of it) to the count up to there, as a histogram of expected.json has it; ascending."""
    buckets: list[tuple[float, float]] = []
    if one["schema"] == -53:
        buckets += [(float(bound), 0.0) for bound in one["custom_values"]]
    for side, counts in ((-1, one["negative_buckets"]), (1, one["positive_buckets"])):
        places = spread(one["negative_spans" if side < 0 else "positive_spans"])
        for place, count in zip(places, counts, strict=True):
            if float(count):
                buckets.append((upper(one, side, place), float(count)))
    if float(one["zero_count"]):
        buckets.append((float(one["zero_threshold"]), float(one["zero_count"])))
    buckets.sort()
    sums = accumulate(count for _, count in buckets)
    pairs = zip(buckets, sums, strict=True)
    return {float(f"{bound:.12g}"): total for (bound, _), total in pairs if bound < float("inf")}


def upper(one: dict[str, Any], side: int, place: int) -> float:
    if one["schema"] == -53:
        own = [float(bound) for bound in one["custom_values"]]
        return [*own, float("inf")][place]
    step: float = 2.0**2.0 ** -one["schema"]
    return step**place if side > 0 else -(step ** (place - 1))


def spread(spans: Sequence[tuple[int, int]]) -> list[int]:
    places: list[int] = []
    for gap, length in spans:
        start = (places[-1] + 1 if places else 0) + gap
        places += range(start, start + length)
    return places


def up_to(buckets: dict[float, float], bound: float) -> float:
    below = bisect_right(list(buckets), bound)
    return list(buckets.values())[below - 1] if below else 0.0


def rounded(bound: str) -> str:
    return f"{float(bound):.12g}"


@pytest.mark.parametrize("server", SERVERS)
def test_all_that_a_server_sent_is_read_to_the_bit(server: str, wire: Path) -> None:
    checked = 0
    for folder in sorted(wire.glob(f"{server}/read-*")):
        recorded = Recorded(folder)
        if (folder / "expected.json").exists() and not folder.name.endswith("-speed"):
            check(whole(recorded, in_plain(recorded)), recorded, zero_has_sign=server not in NO_XOR)
            checked += 1
    assert checked


def test_no_server_with_remote_read_is_left_out(wire: Path) -> None:
    assert {path.parent.parent.name for path in wire.glob("*/read-*/expected.json")} == set(SERVERS)


@pytest.mark.parametrize(
    "name",
    [
        "prom-3.16/read-stream-tokens",
        "prom-3.16/read-samples-tokens",
        "prom-3.16/read-stream-trim",
        "prom-3.16-xor2/read-stream-tokens",
        "prom-3.16-nhcb/read-stream-ttft",
    ],
)
def test_the_answers_in_the_repository_are_read_to_the_bit(name: str, kept: Callable[[str], Recorded]) -> None:
    check(whole(kept(name), in_plain(kept(name))), kept(name))


@pytest.mark.parametrize("server", ["prom-2.42", "prom-3.16"])
def test_600_000_samples_are_read_to_the_bit(server: str, wire: Path) -> None:
    recorded = Recorded(wire / server / "read-stream-speed")
    found = whole(recorded)
    assert len(found) == len(recorded.expected) == 500
    for one in recorded.expected:
        at, values = found[series_of(one["labels"])]
        pairs = np.column_stack((at.view(np.uint64), values)).astype("<u8")
        assert hashlib.sha256(pairs.tobytes()).hexdigest() == one["summary"]["sha256_of_le_int64_ms_le_float64"]


def test_a_long_series_may_come_in_several_frames(kept: Callable[[str], Recorded], tmp_path: Path) -> None:
    stream = kept("prom-3.16/read-stream-tokens")
    folder = tmp_path / "prom-3.16" / "split"
    shutil.copytree(stream.folder, folder)
    (folder / "response.entity").write_bytes(b"".join(map(frame, single_chunks(stream))))
    check(whole(Recorded(folder)), stream)


def single_chunks(stream: Recorded) -> Iterator[ChunkedReadResponse]:
    """The same answer with one chunk in each frame."""
    for answer in map(ChunkedReadResponse.FromString, frames(stream.chunks())):
        for one in answer.chunked_series:
            for chunk in one.chunks:
                yield ChunkedReadResponse(chunked_series=[ChunkedSeries(labels=one.labels, chunks=[chunk])])


def frame(answer: ChunkedReadResponse) -> bytes:
    data = answer.SerializeToString()
    length = bytes([len(data) & 0x7F | 0x80, len(data) >> 7])
    checksum: int = google_crc32c.value(data)
    return length + checksum.to_bytes(4, "big") + data


def test_batches_of_any_size_give_the_same(kept: Callable[[str], Recorded], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.stores.prometheus.remote_read.stream_answer._FULL_CHUNKS", 4)
    monkeypatch.setattr("analyzer.stores.prometheus.remote_read.reader._FULL_SAMPLES", 300)
    for name in ("prom-3.16/read-stream-tokens", "prom-3.16/read-samples-tokens"):
        recorded = kept(name)
        batches = list(RemoteRead(Replay({STREAM: recorded})).read(*question(recorded)))
        assert len(batches) == 2
        check(samples(batches), recorded)


def test_a_server_whose_chunks_are_of_no_use_is_asked_for_samples_from_then_on(
    kept: Callable[[str], Recorded],
) -> None:
    stream, plain = kept("prom-3.16-xor2/read-stream-tokens"), kept("prom-3.16-xor2/read-samples-tokens")
    replay = Replay({STREAM: stream, SAMPLES: plain})
    reader = RemoteRead(replay)
    first = samples(reader.read(*question(stream)))
    again = samples(reader.read(*question(stream)))
    assert replay.asked == [STREAM, SAMPLES, SAMPLES]
    check(first, stream)
    check(again, stream)


def test_series_of_a_histogram_that_can_be_read_are_not_asked_for_again(wire: Path) -> None:
    stream = Recorded(wire / "prom-3.16-xor2" / "read-stream-native")
    replay = Replay({STREAM: stream, SAMPLES: Recorded(wire / "prom-3.16-xor2" / "read-samples-native")})
    check(samples(RemoteRead(replay).read(*question(stream))), stream)  # none of them came twice
    assert replay.asked == [STREAM, SAMPLES]


def test_what_is_missing_after_a_server_broke_off_is_asked_for_as_samples(
    kept: Callable[[str], Recorded], tmp_path: Path
) -> None:
    stream, plain = kept("prom-3.16/read-stream-tokens"), kept("prom-3.16/read-samples-tokens")
    folder = tmp_path / "prom-3.16" / "broken"
    shutil.copytree(stream.folder, folder)
    first, second, *_ = frames(stream.chunks())
    error = b"iterate chunk while re-encoding: detected unexpected counter reset in histogram\n"
    (folder / "response.entity").write_bytes(stream.entity[: len(first) + len(second) + 12] + error)
    replay = Replay({STREAM: Recorded(folder), SAMPLES: plain})
    check(samples(RemoteRead(replay).read(*question(stream))), stream)  # none of them came twice
    assert replay.asked == [STREAM, SAMPLES]


def test_chunks_that_the_server_itself_broke_are_never_lost_in_silence(wire: Path) -> None:
    server = wire / "prom-2.42-native"
    stream, plain = (Recorded(server / f"read-{form}-float-rule-early") for form in ("stream", "samples"))
    replay = Replay({STREAM: stream, SAMPLES: plain})
    with pytest.raises(Refused, match="cannot be decoded, and the server does not send it as plain samples"):
        list(RemoteRead(replay).read(*question(stream)))
    assert replay.asked == [STREAM, SAMPLES]


@pytest.mark.parametrize("name", ["cut-read-stream", "cut-read-samples", "damaged-read-stream-crc"])
def test_a_damaged_answer_is_an_error(name: str, kept: Callable[[str], Recorded]) -> None:
    with pytest.raises(Transient):
        whole(kept(f"prom-3.16/{name}"))


@pytest.mark.parametrize("server", ["prom-2.42", "prom-3.16"])
@pytest.mark.parametrize(
    "name", ["cut-read-stream", "cut-read-samples", "cut-read-stream-at-frame", "damaged-read-stream-crc"]
)
def test_a_damaged_answer_of_each_version_is_an_error(server: str, name: str, wire: Path) -> None:
    with pytest.raises(Transient):
        whole(Recorded(wire / server / name))


@pytest.mark.parametrize("name", ["prom-3.16/read-stream-tokens", "prom-3.16/read-samples-tokens"])
def test_what_is_outside_of_the_range_is_left_out(name: str, kept: Callable[[str], Recorded]) -> None:
    recorded = kept(name)
    all_of_it = whole(recorded)
    series, (at, values) = next(iter(all_of_it.items()))
    start, end = int(at[3]), int(at[90])
    found = samples(RemoteRead(Replay({STREAM: recorded})).read(Selector.of(series.name), start, end))
    assert found[series][0].tolist() == at[3:91].tolist()
    assert found[series][1].tolist() == values[3:91].tolist()


def test_a_page_of_something_else_is_refused(kept: Callable[[str], Recorded], tmp_path: Path) -> None:
    folder = tmp_path / "proxy" / "page"
    folder.mkdir(parents=True)
    (folder / "response.headers").write_text("HTTP/1.1 200 OK\nContent-Type: text/html\n")
    (folder / "response.body").write_bytes(b"<html>sign in</html>")
    with pytest.raises(Refused, match="text/html"):
        list(RemoteRead(Replay({STREAM: Recorded(folder)})).read(Selector.of("up"), 0, 1))

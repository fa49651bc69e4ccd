"""Copies what was asked for out of a server into a store folder, slice by slice, a few at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from analyzer.stores.prometheus.cost import Estimate, Rate
from analyzer.stores.prometheus.errors import Refused, TooMuch, Unauthorised
from analyzer.stores.prometheus.flavour import Flavour
from analyzer.stores.prometheus.points import Points, Reader
from analyzer.stores.prometheus.query_api import QueryApi, RangeSelector
from analyzer.stores.prometheus.selector import Selector
from analyzer.stores.prometheus.server import Server
from analyzer.stores.prometheus.wanted import Wanted
from exporters.metric import Kind
from exporters.series import Series
from exporters.store.layout import StoreError
from exporters.store.writer import StoreWriter

AT_ONCE = 3  # requests on their way; no more answers than these wait in memory
_SLICE_SAMPLES = 1_000_000
_LONGEST_SLICE_MS = 86_400_000
_UNSEEN_SLICE_MS = 21_600_000  # of a name that was in none of the looks: there may be much of it for a while
_SHORTEST_SLICE_MS = 300_000

Progress = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A server and how raw samples come out of it.

    `warnings` fill while it is read. `cluster_label`: the user's word for what tells clusters apart.
    """

    server: Server
    api: QueryApi
    raw: Reader
    flavour: Flavour
    description: str
    warnings: set[str]
    cluster_label: str = ""


@dataclass(frozen=True, slots=True)
class _Slice:
    """One request: a name, a span, and the step where not every sample is needed (0: all)."""

    name: str
    selector: Selector
    kind: Kind
    start: int
    end: int
    step: int


def download(
    source: Source,
    wanted: Sequence[Wanted],
    seen: dict[str, Rate],
    costs: Estimate,
    path: Path,
    progress: Progress = lambda samples, name: None,
) -> int:
    """Writes all of it into a new store at `path`; gives the number of samples. Raises what the server raised."""
    slices = [one for want in wanted for one in _slices(want, seen[want.name], costs.gauge_step_seconds)]
    samples, writer = 0, StoreWriter(path)  # closed when all is there: what failed is thrown away, not written
    try:
        for one, batches in _in_order(source, slices):
            for points in batches:
                writer.add_columns(_named(points, source.cluster_label), points.which, points.values, points.at / 1000)
                samples += len(points)
            progress(samples, one.name)
        writer.close()
    except StoreError as error:
        raise StoreError(
            f"{path.parent}: the copy of what the server gives cannot be written ({_told(error)}): free some space, or"
            " choose a larger disk with --save or TMPDIR"
        ) from error
    return samples


def _told(error: StoreError) -> str:
    """What the system said."""
    return str(error.__cause__.strerror or error) if isinstance(error.__cause__, OSError) else str(error)


def _named(points: Points, cluster_label: str) -> tuple[Series, ...]:
    """The series, with the user's cluster label under the name that everybody reads."""
    if not cluster_label:
        return points.series
    return tuple(
        Series.of(one.name, {**dict(one.labels), "cluster": dict(one.labels).get(cluster_label, "")}.items())
        for one in points.series
    )


def _slices(want: Wanted, rate: Rate, gauge_step_seconds: int) -> Iterator[_Slice]:
    step = 0 if want.is_count else gauge_step_seconds * 1000
    long = _SLICE_SAMPLES / rate.most_samples_per_second * 1000 if rate.most_samples_per_second else _UNSEEN_SLICE_MS
    long = round(min(max(long, _SHORTEST_SLICE_MS), _LONGEST_SLICE_MS))
    for start in range(want.start, want.end + 1, long):
        end = min(start + long - 1, want.end)
        yield _Slice(want.name, want.selector, want.kind, start, end, step)


def _in_order(source: Source, slices: Sequence[_Slice]) -> Iterator[tuple[_Slice, list[Points]]]:
    """The answers in the order of the slices, a few requests ahead of the writer."""
    waiting: deque[tuple[_Slice, Future[list[Points]]]] = deque()
    try:
        for one in slices:
            if len(waiting) == AT_ONCE:
                done, future = waiting.popleft()
                yield done, future.result()
            waiting.append((one, _begun(source, one)))
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()
    except BaseException:
        source.server.close()  # so that none of the others asks again
        raise


def _begun(source: Source, one: _Slice) -> Future[list[Points]]:
    """A request on its way. Its thread is nobody's to wait for: one that hangs would hold up Ctrl-C for minutes."""
    future: Future[list[Points]] = Future()

    def work() -> None:
        try:
            future.set_result(_fetch(source, one))
        except BaseException as error:  # noqa: BLE001 - whoever takes the answer gets it
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future


def _fetch(source: Source, one: _Slice) -> list[Points]:
    if one.step:
        return list(_coarse(source.api, one))
    try:
        return source.server.attempts(lambda: list(source.raw.read(one.selector, one.start, one.end)))
    except Unauthorised:
        raise
    except (Refused, TooMuch):  # what the cheap way does not give, the query API may: in smaller pieces, or as JSON
        return list(RangeSelector(source.api).read(one.selector, one.start, one.end))


def _coarse(api: QueryApi, one: _Slice) -> Iterator[Points]:
    """One sample per step: the mean of an average, the last of a state; a step without any stays empty."""
    how = "avg_over_time" if one.kind is Kind.AVERAGE else "last_over_time"
    query = f"{how}({one.selector.promql}[{one.step}ms])"
    start, long = one.start, one.end - one.start + 1
    while start <= one.end:
        until = min(start + long - 1, one.end)
        try:
            points = api.range(query, start, until, one.step)
        except TooMuch:
            if long < 2 * _SHORTEST_SLICE_MS:
                raise
            long = (until - start + 1) // 2
            continue
        named = tuple(Series.of(one.name, series.labels) for series in points.series)  # avg_over_time drops the name
        yield Points(named, points.which, points.at, points.values)
        start = until + 1

"""The query API, which every compatible server has: instant and range queries, label values, series, raw samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import quote

import numpy as np

from analyzer.stores.prometheus import answers
from analyzer.stores.prometheus.access import Parameters
from analyzer.stores.prometheus.errors import TooMuch
from analyzer.stores.prometheus.points import Points
from analyzer.stores.prometheus.selector import Selector
from analyzer.stores.prometheus.server import Server

POINTS_PER_SERIES = 11_000
SLICE_SAMPLES = 2_000_000
_SHORTEST_SLICE_MS = 60_000
_LONGEST_SLICE_MS = 86_400_000
_SERVERS_SHARE = 0.9  # of the time limit; the rest is for the way
# Else VictoriaMetrics moves start and end of long ranges to multiples of the step, and may answer from a cache.
_EXACT = ("nocache", "1")

Result = TypeVar("Result")
Decode = Callable[[bytes, str, answers.Warn], Result]


def _ignore(text: str) -> None:
    del text


class QueryApi:
    """Times are unix milliseconds. Each question is asked again while the server fails in passing.

    `parameters` go with every question. `on_warning` gets what the server remarks about a whole answer.
    """

    def __init__(self, server: Server, parameters: Parameters = (), on_warning: answers.Warn = _ignore) -> None:
        self._server = server
        self._parameters = tuple(parameters)
        self._warn = on_warning

    def instant(self, promql: str, at: int) -> list[tuple[dict[str, str], float]]:
        """Labels, with the name among them, and value of each series at one time; stale series are not there."""
        return self._evaluate("/api/v1/query", promql, [("time", seconds(at))], answers.vector)

    def samples(self, promql: str, at: int) -> Points:
        """The samples behind a range selector such as `up[5m]`, as they were stored; no stale markers."""
        return self._evaluate("/api/v1/query", promql, [("time", seconds(at))], answers.matrix)

    def range(self, promql: str, start: int, end: int, step: int) -> Points:
        """Values at the multiples of `step` from `start` to `end`, so that every server gives the same instants."""
        first, last = -(-start // step) * step, end // step * step
        parts = []
        for begin in range(first, last + 1, POINTS_PER_SERIES * step):
            until = min(begin + (POINTS_PER_SERIES - 1) * step, last)
            asked = [("start", seconds(begin)), ("end", seconds(until)), ("step", seconds(step))]
            parts.append(self._evaluate("/api/v1/query_range", promql, asked, answers.matrix))
        return answers.joined(parts)

    def label_values(self, label: str, match: Selector | None, start: int, end: int) -> list[str]:
        """Values that occur; the server may look a few hours beyond `start` and `end`."""
        asked = [("start", seconds(start)), ("end", seconds(end))] + ([("match[]", match.promql)] if match else [])
        return self._ask(f"/api/v1/label/{quote(label, safe='')}/values", asked, answers.texts, is_form=False)

    def series(self, match: Selector, start: int, end: int) -> list[dict[str, str]]:
        """Labels, with the name among them, of the series that occur; as vague about times as `label_values`."""
        asked = [("match[]", match.promql), ("start", seconds(start)), ("end", seconds(end))]
        return self._ask("/api/v1/series", asked, answers.label_sets)

    def _evaluate(self, path: str, promql: str, asked: Parameters, decode: Decode[Result]) -> Result:
        """The server gives up before we do: then it says so, and less can be asked for instead of the same again."""
        limit = seconds(round(self._server.access.timeout_seconds * 1000 * _SERVERS_SHARE))
        return self._ask(path, [("query", promql), *asked, ("timeout", limit)], decode)

    def _ask(self, path: str, asked: Parameters, decode: Decode[Result], is_form: bool = True) -> Result:
        where, parameters = self._server.access.where(path), (*asked, _EXACT, *self._parameters)
        send = self._server.post_form if is_form else self._server.get
        return self._server.attempts(lambda: decode(send(path, parameters), where, self._warn))


class RangeSelector:
    """Raw samples through the query API, for servers that have nothing better; native histograms come as classic."""

    def __init__(self, api: QueryApi, samples_per_second: float = 0.0) -> None:
        """`samples_per_second` is about how many a selector will give, 0 where that is not known."""
        self._api = api
        long = SLICE_SAMPLES / samples_per_second * 1000 if samples_per_second else _LONGEST_SLICE_MS
        self._slice_ms = round(min(max(long, _SHORTEST_SLICE_MS), _LONGEST_SLICE_MS))

    def read(self, selector: Selector, start: int, end: int) -> Iterator[Points]:
        """As `Reader`. What is over a limit of the server is asked for in halves, down to a minute."""
        long = self._slice_ms
        while start <= end:
            until = min(start + long - 1, end)
            try:
                points = self._slice(selector, start, until)
            except TooMuch:
                if until - start < _SHORTEST_SLICE_MS:
                    raise
                long = (until - start + 1) // 2
                continue
            yield points
            start = until + 1

    def _slice(self, selector: Selector, start: int, end: int) -> Points:
        """Prometheus 2 and VictoriaMetrics also give a sample that lies a whole window before `end`; 3 does not."""
        points = self._api.samples(f"{selector.promql}[{end - start + 1}ms]", end)
        inside = np.flatnonzero((points.at >= start) & (points.at <= end))
        if len(inside) == len(points):
            return points
        return Points(points.series, points.which[inside], points.at[inside], points.values[inside])


def seconds(milliseconds: int) -> str:
    """A time or a span as the API takes it, exact."""
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"

"""A server of the query API with samples of its own: strict about its parameters, and limited where a test says so."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from tests.analyzer.stores.prometheus.conftest import Asked, Reply, json_reply

_RANGE = re.compile(r"(\{.*\})\[(\d+)ms\]")


class Stored:
    """Answers instant queries of range selectors as Prometheus 2 (`is_closed`) or 3 does.

    `limit_samples`: more than that in one answer is refused as Prometheus refuses it.
    """

    def __init__(
        self, series: Mapping[str, Sequence[tuple[int, str]]], is_closed: bool, limit_samples: int = 1_000_000
    ) -> None:
        self._series = series
        self._is_closed = is_closed
        self._limit = limit_samples
        self.windows: list[tuple[int, int]] = []

    def __call__(self, asked: Asked) -> Reply:
        parameters = dict(asked.parameters)
        assert asked.path == "/api/v1/query"
        assert parameters["nocache"] == "1"
        found = _RANGE.fullmatch(parameters["query"])
        assert found is not None
        end = round(float(parameters["time"]) * 1000)
        first = end - int(found[2]) + (0 if self._is_closed else 1)
        self.windows.append((first, end))
        inside = {pod: [one for one in row if first <= one[0] <= end] for pod, row in self._series.items()}
        if sum(map(len, inside.values())) > self._limit:
            why = "query processing would load too many samples into memory in query execution"
            return json_reply(json.dumps({"status": "error", "errorType": "execution", "error": why}), "422 x")
        result = [
            {"metric": {"__name__": "a", "pod": pod}, "values": [[at / 1000, value] for at, value in row]}
            for pod, row in inside.items()
            if row
        ]
        return json_reply(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}))

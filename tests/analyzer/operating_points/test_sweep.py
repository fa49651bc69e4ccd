"""A real vLLM server under rising load: the bounds of its latencies hold what its clients measured, step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.ledger.options import Options
from analyzer.operating_points.latency import Bounds, merged, quantile_bounds
from analyzer.operating_points.points import points_of
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from exporters.importing.importer import import_paths
from tests.analyzer.conftest import ledger_of

_LABELS = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "vllm-0", "job": "vllm"}
_GRAIN_SECONDS = 1  # short enough to cut at a page in the pause between two steps
# A client's clock starts before the server's and stops after it: connection, HTTP and parsing on a busy machine.
_CLIENT_SECONDS = {"ttft": 0.03, "tpot": 0.001, "e2e": 0.03}
# Requests by which a rank may differ: the first page came after the first few answers.
_STRAY = 2


_Sweep = tuple[dict[str, Any], list[dict[str, Any]], list[float]]


@pytest.fixture(scope="module")
def sweep(recording: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> _Sweep:
    """What the clients saw, the points of the server, and when its pages were read."""
    folder = recording("vllm-0.32-sweep")
    store = tmp_path_factory.mktemp("sweep") / "store"
    import_paths([folder], store, _LABELS)
    pages = sorted(float(page.name.removesuffix(".prom")) for page in folder.glob("*.prom"))
    options = Options(slo=parse_slo(["ttft=0.25", "tpot=0.05", "e2e=2.5"]))
    ledger = ledger_of(ParquetStore(store), pages[0], pages[-1] + 1, options)
    return json.loads((folder / "client.json").read_text()), points_of(ledger, _GRAIN_SECONDS).to_pylist(), pages


def _steps(client: dict[str, Any], points: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    """Name, start and end of each step, with the pause after it, in which answers under way come to their end."""
    begins = [(event["phase"], event["t"]) for event in client["events"] if "seconds" in event]
    ends = [t for _, t in begins[1:]] + [points[-1]["start"].timestamp() + 1]
    return [(name, start, end) for (name, start), end in zip(begins, ends, strict=True)]


def _measured(requests: list[dict[str, Any]], quantity: str) -> list[float]:
    if quantity == "tpot":
        return [(one["e2e"] - one["ttft"]) / (one["gen"] - 1) for one in requests if one["gen"] > 1]
    return [one[quantity] for one in requests]


def _agree(bounds: Bounds, samples: list[float], share: float, slack: float) -> bool:
    """Whether a quantile of the samples, give or take stray requests, lies in the bounds or just above them."""
    stray = _STRAY / len(samples)
    least, most = np.quantile(samples, (max(0.0, share - stray), min(1.0, share + stray)))
    return bool(least <= bounds.high + slack and most >= bounds.low)


@pytest.mark.parametrize("quantity", ["ttft", "tpot", "e2e"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
def test_bounds_hold_the_clients_quantiles_at_every_step(sweep: _Sweep, quantity: str, share: float) -> None:
    client, points, pages = sweep
    steps = _steps(client, points)
    assert len(steps) == 8
    for name, start, end in steps:
        first, last = (max((page for page in pages if page < edge), default=edge) for edge in (start, end))
        rows = [row for row in points if first <= row["start"].timestamp() + 0.5 < last]
        buckets = merged([(b["le"], b["count"]) for b in row[quantity]] if row[quantity] else None for row in rows)
        found = quantile_bounds(buckets, share)
        samples = _measured([one for one in client["requests"] if start <= one["t"] < end], quantity)
        assert found is not None
        assert _agree(found, samples, share, _CLIENT_SECONDS[quantity]), (name, found, np.quantile(samples, share))


def test_the_load_of_each_step_is_seen(sweep: _Sweep) -> None:
    client, points, _ = sweep
    for name, start, _ in _steps(client, points):
        inside = [row for row in points if start + 10 <= row["start"].timestamp() < start + 35]
        load = np.median([row["running"] for row in inside])
        assert load == pytest.approx(int(name.removeprefix("closed-")), rel=0.1, abs=1)  # a client may be between two


def test_tokens_of_all_points_are_the_clients(sweep: _Sweep) -> None:
    client, points, pages = sweep
    counted = sum(row["generated_tokens"] for row in points)
    sent = sum(one["gen"] for one in client["requests"] if one["status"] == 200)
    before = sum(one["gen"] for one in client["requests"] if one["t"] < pages[0])
    assert sent - before <= counted <= sent  # what came before the first page has no rate

"""A real vLLM server under a load generator that stepped from 1 to 32 requests: the fit against the client's truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analyzer.ledger.options import Options
from analyzer.slo import parse_slo
from analyzer.stores.parquet import ParquetStore
from analyzer.throughput.curve import Curve, curve_of
from analyzer.throughput.identifiability import load_wanted, scatter
from analyzer.throughput.load import load_of
from analyzer.tradeoff.levels import levels_of
from analyzer.tradeoff.subject import subjects
from exporters.importing.importer import import_paths
from tests.analyzer.conftest import ledger_of

STEPS = (1, 2, 4, 8, 12, 16, 24, 32)
_PAUSE_SECONDS = 12


@dataclass(frozen=True)
class Step:
    """One step as the client saw it."""

    start: float
    end: float
    tokens_per_second: float
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(recording: Callable[[str], Path]) -> Path:
    return recording("vllm-0.32-sweep")


@pytest.fixture(scope="module")
def points(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    path = tmp_path_factory.mktemp("sweep") / "store"
    labels = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "vllm-0", "job": "vllm"}
    import_paths([folder], path, labels)
    pages = sorted(float(page.name.removesuffix(".prom")) for page in folder.glob("*.prom"))
    options = Options(slo=parse_slo(["ttft=0.5@p95", "e2e=5"]))
    ledger = ledger_of(ParquetStore(path), pages[0], pages[-1] + 1, options)
    [one] = subjects(ledger)
    table: pa.Table = one.points
    return table


@pytest.fixture(scope="module")
def steps(folder: Path) -> dict[int, Step]:
    """Tokens of the requests that ended inside a step, by its length."""
    client = json.loads((folder / "client.json").read_text())
    found = {}
    for event in client["events"]:
        if "concurrency" not in event:
            continue
        start, end = event["t"], event["t"] + event["seconds"]
        mine = [one for one in client["requests"] if start <= one["t"] < end]
        tokens = sum(one["gen"] for one in mine if one["t"] + one["e2e"] <= end)
        found[event["concurrency"]] = Step(start, end, tokens / event["seconds"], mine)
    return found


@pytest.fixture(scope="module")
def curve(points: pa.Table) -> Curve:
    load = load_of(points)
    assert load_wanted(load) is None
    fitted = curve_of(load)
    assert scatter(fitted) is None
    return fitted


@pytest.mark.parametrize("concurrency", STEPS)
def test_throughput_is_what_the_client_got(curve: Curve, steps: dict[int, Step], concurrency: int) -> None:
    told = float(curve.law.throughput(float(concurrency))[0])
    assert told == pytest.approx(steps[concurrency].tokens_per_second, rel=0.10)


@pytest.mark.parametrize("concurrency", STEPS)
def test_a_step_is_foretold_from_the_others(points: pa.Table, steps: dict[int, Step], concurrency: int) -> None:
    step = steps[concurrency]
    at = np.asarray(pc.cast(points["start"], pa.int64()).to_numpy()) / 1e6
    away = (at + 10 < step.start) | (at > step.end + _PAUSE_SECONDS)
    law = curve_of(load_of(points.filter(pa.array(away))), draws=1).law
    assert float(law.throughput(float(concurrency))[0]) == pytest.approx(step.tokens_per_second, rel=0.15)


def test_the_knee_is_where_the_clients_curve_bends(curve: Curve, steps: dict[int, Step]) -> None:
    """Throughput over latency is X^2 / N: among the client's own steps it is largest next to the knee."""
    power = {load: step.tokens_per_second**2 / load for load, step in steps.items()}
    best = STEPS.index(max(power, key=lambda load: power[load]))
    told = curve.estimate(lambda law: law.knee)
    assert STEPS[best - 1] < told.value < STEPS[best + 1]
    assert STEPS[best - 1] < told.low <= STEPS[best] <= told.high


@pytest.mark.parametrize("concurrency", STEPS[1:])
def test_a_request_takes_what_little_says(
    curve: Curve, points: pa.Table, steps: dict[int, Step], concurrency: int
) -> None:
    per_request = pc.sum(points["generated_tokens"]).as_py() / pc.sum(points["requests"]).as_py()
    mean = float(np.mean([one["e2e"] for one in steps[concurrency].requests]))
    assert float(curve.law.request_seconds(float(concurrency), per_request)[0]) == pytest.approx(mean, rel=0.15)


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("quantity", ["ttft", "e2e"])
def test_latency_bounds_hold_the_clients_quantiles(
    points: pa.Table, steps: dict[int, Step], quantity: str, share: float
) -> None:
    levels = levels_of(points, quantity)
    assert levels is not None
    low, high = levels.quantile(share)
    for concurrency, step in steps.items():
        nearest = int(np.argmin(np.abs(np.log(levels.running / concurrency))))
        true = float(np.quantile([one[quantity] for one in step.requests], share))
        assert low[nearest] <= true * 1.02, f"{quantity} at {concurrency}"  # the client's clock sees the network, too
        assert true * 0.9 <= high[nearest], f"{quantity} at {concurrency}"

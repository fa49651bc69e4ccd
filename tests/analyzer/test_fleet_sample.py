"""Six hours of an independent generator: every figure of its truth, within the tolerances that it states."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.ledger.ledger import Ledger
from analyzer.report.build import build_report
from analyzer.stores.parquet import ParquetStore
from exporters.importing.importer import import_paths
from tests.analyzer.conftest import by, ledger_of, rows_of


@dataclass(frozen=True, slots=True)
class _Judged:
    truth: dict[str, Any]
    ledger: Ledger


@pytest.fixture(scope="module")
def judged(recording: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> _Judged:
    folder = recording("fleet-sample")
    store = tmp_path_factory.mktemp("fleet") / "store"
    import_paths([folder / "om"], store, {})
    truth = json.loads((folder / "truth.json").read_text())
    window = truth["window"]
    return _Judged(truth, ledger_of(ParquetStore(store), window["start"], window["end"]))


def _merged(state: str) -> str:
    if state.startswith(("active", "free")):
        return state.split("-")[0]
    return "held-starting" if state == "held-failed" else state


@pytest.mark.parametrize(("measure", "said"), [("dollars", "dollars"), ("seconds", "accelerator_seconds")])
def test_states(judged: _Judged, measure: str, said: str) -> None:
    found: dict[str, float] = defaultdict(float)
    for state, amount in by(judged.ledger, "state", measure).items():
        assert amount >= 0
        found[_merged(state)] += amount
    states = judged.truth["states"]
    assert found.keys() <= states.keys()
    for state, told in states.items():
        room = told[said] * 1e-3 + told.get(f"allowance_{measure}", 0) + told.get(f"ambiguous_{measure}", 0)
        assert abs(found[state] - told[said]) <= room, state


def test_bill(judged: _Judged) -> None:
    spent = math.fsum(row["dollars"] for row in rows_of(judged.ledger))
    lived = math.fsum(node.prices.dollars(node.start, node.end) or 0.0 for node in judged.ledger.nodes)
    assert spent == pytest.approx(lived, rel=1e-9)
    bill = judged.truth["bill"]
    assert abs(spent - bill["dollars"]) <= 1e-6 * bill["dollars"] + bill["allowance_dollars"]
    for told in judged.truth["nodes"]:
        dollars = by(judged.ledger, "node", "dollars")[told["node"]]
        assert abs(dollars - told["dollars"]) <= 1e-6 * told["dollars"] + told["allowance_dollars"], told["node"]


def test_tokens_and_dollars_of_models(judged: _Judged) -> None:
    held: dict[tuple[str, str], float] = defaultdict(float)
    for row in rows_of(judged.ledger):
        held[(row["model"], row["namespace"])] += row["dollars"]
    for told in judged.truth["models"]:
        for table in ("prompt", "generation"):
            tokens = judged.ledger.inputs.db.execute(
                f"SELECT sum(amount) FROM {table}_grown JOIN {table}_series USING (series) WHERE model = $1"
                " AND namespace = $2",
                [told["model"], told["namespace"]],
            ).fetchall()[0][0]
            assert tokens == told["tokens"][table]
        dollars = held[(told["model"], told["namespace"])]
        room = told["dollars"] * 1e-3 + told["allowance_dollars"]
        assert abs(dollars - told["dollars"]) <= room, told["model"]


def test_what_is_unknown_is_named(judged: _Judged) -> None:
    unknown: dict[str, float] = defaultdict(float)
    for row in rows_of(judged.ledger):
        if row["state"] == "unknown":
            assert row["missing_signal"]
            unknown[row["node"]] += row["dollars"]
    states = judged.truth["states"]["unknown"]
    assert sum(unknown.values()) >= judged.truth["blind_dollars"] * (1 - 1e-3) - states["allowance_dollars"]
    assert set(judged.truth["blind_subjects"]) <= unknown.keys()
    report = build_report(judged.ledger, [])
    assert set(judged.truth["blind_subjects"]) <= {spot.subject for spot in report.blind_spots}
    assert math.fsum(spot.dollars or 0 for spot in report.blind_spots if spot.signal != "effective ratio") == (
        pytest.approx(sum(unknown.values()))
    )


def test_a_node_without_accelerators_is_in_no_row(judged: _Judged) -> None:
    assert not set(judged.truth["cpu_nodes"]) & by(judged.ledger, "node").keys()
    assert {node.name for node in judged.ledger.cpu_nodes} == set(judged.truth["cpu_nodes"])

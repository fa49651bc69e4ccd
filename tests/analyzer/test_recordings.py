"""Real vLLM servers: what the ledger counts is what the clients got, across kills and restarts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer.stores.parquet import ParquetStore
from exporters.importing.importer import import_paths
from tests.analyzer.conftest import grown, ledger_of

TOTALS = {
    "vllm-0.32-light": (813, 225_896, 75_655),
    "vllm-0.32-overload": (492, 70_043, 24_773),
    "vllm-0.32-sweep": (1640, 234_869, 81_393),
}
_LABELS = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "vllm-0", "job": "vllm"}


def _client(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "client.json").read_text())
    return read


def _pages(folder: Path) -> list[float]:
    return sorted(float(page.name.removesuffix(".prom")) for page in folder.glob("*.prom"))


@pytest.mark.parametrize("name", sorted(TOTALS))
def test_tokens_are_what_the_client_got(recording: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    folder = recording(name)
    done = [request for request in _client(folder)["requests"] if request["status"] == 200]
    assert (len(done), sum(r["prompt"] for r in done), sum(r["gen"] for r in done)) == TOTALS[name]
    import_paths([folder], tmp_path / "store", _LABELS)
    pages = _pages(folder)
    ledger = ledger_of(ParquetStore(tmp_path / "store"), pages[0], pages[-1] + 1)
    assert (grown(ledger, "prompt"), grown(ledger)) == TOTALS[name][1:]
    for table in ("prompt", "generation"):
        assert all(most == 0 for (most,) in ledger.inputs.db.execute(f"SELECT most FROM {table}_hidden").fetchall())


@pytest.mark.parametrize("name", ["vllm-0.32-light", "vllm-0.32-overload"])
def test_work_after_the_last_page_is_bounded(recording: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    folder = recording(name)
    client = _client(folder)
    killed = next(event["t"] for event in client["events"] if event.get("event") == "server killed")
    loaded = max(request["t"] for request in client["requests"] if request["t"] < killed)
    cut = tmp_path / "pages"
    shutil.copytree(folder, cut)
    for page in cut.glob("*.prom"):
        if loaded < float(page.name.removesuffix(".prom")) < killed:
            page.unlink()
    import_paths([cut], tmp_path / "store", _LABELS)
    pages = _pages(folder)
    ledger = ledger_of(ParquetStore(tmp_path / "store"), pages[0], pages[-1] + 1)
    for table, true in zip(("prompt", "generation"), TOTALS[name][1:], strict=True):
        seconds, most = ledger.inputs.db.execute(
            f"SELECT sum(hidden_seconds), sum(most) FROM {table}_hidden"
        ).fetchall()[0]
        low = grown(ledger, table)
        assert seconds > 0
        assert low < true, "the cut must hide something"
        assert true <= low + most

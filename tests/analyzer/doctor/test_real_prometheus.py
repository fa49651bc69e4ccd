"""A real Prometheus that holds a scene: the doctor sees there what it sees in a store folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpuyield.__main__ import main
from tests.analyzer.conftest import START
from tests.analyzer.doctor.conftest import END
from tests.analyzer.doctor.test_table import rich_scene
from tests.real_servers import prometheus, prometheus_binaries, write_openmetrics

BINARIES = [pytest.param(binary) for binary in prometheus_binaries()] or [
    pytest.param("", marks=pytest.mark.skip("prometheus is not installed"))
]


@pytest.mark.parametrize("binary", BINARIES)
def test_a_server_is_diagnosed_like_the_store_it_was_filled_from(
    binary: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rich_scene().store(tmp_path / "store")
    write_openmetrics(tmp_path / "store", tmp_path / "history.om")
    (tmp_path / "prometheus").mkdir()

    def told(*origin: str) -> dict[str, Any]:
        window = ["--start", str(START), "--end", str(END)]
        assert main(["doctor", *origin, *window, "--format", "json"]) == 1
        diagnosis: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {part: diagnosis[part] for part in ("bill_dollars", "sources", "signals", "joins", "unscraped")}

    with prometheus(binary, tmp_path / "store", tmp_path / "prometheus") as running:
        assert told("--prometheus", running.url) == told("--store", str(tmp_path / "store"))

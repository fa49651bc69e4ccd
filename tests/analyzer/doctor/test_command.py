"""`gpuyield doctor` as a pipeline meets it: exit codes, JSON that keeps its schema, options that are checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from analyzer.commands.doctor import is_blind
from analyzer.doctor.model import Diagnosis
from gpuyield.__main__ import main
from tests.analyzer.conftest import Scene
from tests.analyzer.doctor.conftest import KUBE, PAGES, serving
from tests.analyzer.stores.prometheus.conftest import Replay, json_reply


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which $6.88 of an hour's $61.92 are seen: nothing watches the larger node."""
    scene = serving().node("dark", KUBE, "p5.48xlarge", 8).pod("train", "dark", KUBE, 8.0, "10.0.0.2")
    path = tmp_path_factory.mktemp("doctor") / "store"
    scene.store(path)
    return path


def test_json_keeps_its_schema_and_comes_back_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--store", str(folder), "--format", "json"]) == 1
    text = capsys.readouterr().out
    told: dict[str, Any] = json.loads(text)
    jsonschema.validate(told, msgspec.json.schema(Diagnosis))
    assert msgspec.to_builtins(msgspec.json.decode(text, type=Diagnosis)) == told
    assert told["blind_dollars"] / told["bill_dollars"] == pytest.approx(8 / 9, rel=0.05)
    assert told["diagnosis_version"] == 1


@pytest.mark.parametrize(("words", "code"), [([], 1), (["--max-blind", "0.95"], 0), (["--max-blind", "0"], 1)])
def test_the_exit_code_says_whether_too_much_is_blind(
    folder: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--store", str(folder), *words]) == code
    assert "is blind" in capsys.readouterr().out


def test_a_store_without_a_bill_is_blind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Scene().add("kube_node_info", KUBE, node="n").store(tmp_path / "store")
    assert main(["doctor", "--store", str(tmp_path / "store"), "--max-blind", "1"]) == 1
    assert "is unknown" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bill", "blind", "unpriced", "most", "expected"),
    [
        (100.0, 5.0, 0.0, 0.05, False),
        (100.0, 5.1, 0.0, 0.05, True),
        (100.0, 0.0, 0.5, 0.05, True),
        (100.0, 0.0, 0.05, 0.05, False),
        (None, 0.0, 1.0, 1.0, True),
        (0.0, 0.0, 0.0, 1.0, True),
    ],
)
def test_what_has_no_price_counts_as_blind(
    healthy: Diagnosis, bill: float | None, blind: float, unpriced: float, most: float, expected: bool
) -> None:
    diagnosis = replace(healthy, bill_dollars=bill, blind_dollars=blind, unpriced_ratio=unpriced)
    assert is_blind(diagnosis, most) is expected


@pytest.mark.parametrize("ratio", ["-0.1", "5", "1.0001", "nan", "inf", "5%", ""])
def test_a_share_that_is_none_is_refused(folder: Path, ratio: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["doctor", "--store", str(folder), f"--max-blind={ratio}"])
    assert exit_.value.code == 2
    assert "write a ratio from 0 to 1" in capsys.readouterr().err


def test_a_store_that_is_not_there_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--store", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_server_that_refuses_is_unreachable(capsys: pytest.CaptureFixture[str]) -> None:
    server = Replay(lambda asked: json_reply('{"status":"error","error":"no"}', "403 Forbidden"))
    try:
        assert main(["doctor", "--prometheus", server.url, "--since", "1h"]) == 3
    finally:
        server.close()
    assert "403" in capsys.readouterr().err


def test_a_device_that_idles_in_plain_sight_is_not_blind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene().node("n", KUBE, "p5.4xlarge", 1).pod("p", "n", KUBE, 1.0, "10.0.0.1").gpu("n", 0, PAGES, 0.0)
    scene.store(tmp_path / "store")
    assert main(["doctor", "--store", str(tmp_path / "store"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["blind_dollars"] == 0

"""`gpuyield tradeoff` on the recording of a real server that was loaded step by step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from analyzer.commands.tradeoff import rendered
from analyzer.report.tradeoff_parts import TradeoffPart
from exporters.importing.importer import import_paths
from gpuyield.__main__ import main
from tests.analyzer.conftest import Scene, every

SLO = ("--slo", "tpot=0.075@p90")


@pytest.fixture(scope="module")
def folder(recording: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sweep as a store."""
    path = tmp_path_factory.mktemp("tradeoff") / "store"
    labels = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "vllm-0", "job": "vllm"}
    import_paths([recording("vllm-0.32-sweep")], path, labels)
    return str(path)


@pytest.fixture(scope="module")
def written(folder: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What is written as JSON at $2 a replica-hour."""
    path = tmp_path_factory.mktemp("tradeoff") / "told.json"
    assert main(["tradeoff", "--store", folder, *SLO, "--price", "2", "--format", "json", "--output", str(path)]) == 0
    return path.read_bytes()


@pytest.fixture(scope="module")
def told(written: bytes) -> dict[str, Any]:
    [one] = json.loads(written)
    found: dict[str, Any] = one
    return found


@pytest.fixture(scope="module")
def parts(written: bytes) -> list[TradeoffPart]:
    return msgspec.json.decode(written, type=list[TradeoffPart])


def test_json_keeps_its_schema_and_every_estimate_has_its_interval(told: dict[str, Any]) -> None:
    jsonschema.validate([told], msgspec.json.schema(list[TradeoffPart]))
    assert told["model"] == "llama-85m"
    assert told["points"] > 40
    for name in ("rate", "contention", "crosstalk", "knee"):
        figure = told["curve"][name]
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert told["now"]["running"] > 5
    assert len(told["along"]) >= 25
    assert len(told["seen"]) == told["points"]


def test_the_slo_ends_where_the_clients_did(told: dict[str, Any]) -> None:
    """Of its requests 90 % took at most 75 ms a token up to 16 at once, and not at 24."""
    kept = told["kept_to_running"]
    assert 11 < kept["low"] <= 17
    assert 16 <= kept["high"] < 25
    assert told["cheapest"]["running"] == pytest.approx(kept["low"])
    assert {at["slo"] for at in told["along"]} == {"kept", "open", "broken"}


def test_dollars_are_the_price_over_the_tokens(told: dict[str, Any]) -> None:
    for at in told["along"]:
        rate, good = at["tokens_per_second"], at["good_share"]
        best = 2 / 3600 / rate["high"] / good["high"] * 1e6
        assert at["dollars_per_million_good"]["low"] == pytest.approx(best)
    looser = next(one for one in told["other_slos"] if one["factor"] > 1)
    assert "0.0825" in looser["limits"]
    assert looser["cheapest"]["running"] >= told["cheapest"]["running"] * 0.999


def test_the_page_says_it_in_a_sentence_with_a_picture(parts: list[TradeoffPart]) -> None:
    page = rendered(parts, "table").decode()
    assert page.startswith("ml/llama-85m on an unknown type: $")
    for word in (
        "the cheapest load that surely keeps the SLO",
        "headroom",
        "◆ cheapest",
        "▲ now",
        "p90 tpot",
        "looser",
    ):
        assert word in " ".join(page.split())
    assert max(len(line.rstrip()) for line in page.splitlines()) <= 110


def test_what_no_load_keeps_ends_with_1_and_without_a_price_nothing_has_one(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tradeoff", "--store", folder, "--slo", "ttft=1ms"]) == 1
    page = " ".join(capsys.readouterr().out.split())
    assert "no load that was seen surely keeps the SLO" in page
    assert "tok/s per replica" in page
    assert "the price of a replica is unknown: give --price" in page
    assert "$0" not in page


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG\r\n\x1a\n"), ("svg", b"<svg")])
def test_pictures_are_pictures(parts: list[TradeoffPart], form: str, begins: bytes) -> None:
    pytest.importorskip("vl_convert", reason="pictures need the extra: advisor")
    drawn = rendered(parts, form)
    assert drawn.startswith(begins)
    assert form == "png" or all(word in drawn.decode() for word in ("knee", "now", "SLO broken", "llama-85m"))


def test_the_report_has_it_in_a_line(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "--store", folder]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "ml/llama-85m on an unknown type: knee at " in page
    assert "headroom" in page


@pytest.mark.parametrize("price", ["0", "-1", "nan", "inf", "free"])
def test_a_price_that_is_none_is_refused(price: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["tradeoff", "--store", "nowhere", f"--price={price}"])
    assert exit_.value.code == 2
    assert "write dollars above 0" in capsys.readouterr().err


def test_a_constant_load_is_refused_with_the_load_that_would_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = 1_794_268_800.0
    times = every(start, start + 7200, 15.0, 4.0)
    own = {"instance": "10.0.0.1:8000", "namespace": "ml", "pod": "server", "model_name": "llama", "engine": "0"}
    scene = Scene().add("vllm:num_requests_running", times, **own)
    scene.add("vllm:generation_tokens_total", [(at, 100 * (at - start)) for at, _ in times], **own)
    scene.store(tmp_path / "store")
    assert main(["tradeoff", "--store", str(tmp_path / "store"), "--slo", "ttft=0.5"]) == 1
    page = " ".join(capsys.readouterr().out.split())
    assert "seen 4 to 4 running per replica: that tells one point, no curve" in page
    assert "from 4 to at least 12" in page


def test_a_model_that_nobody_serves_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Scene().add("kube_node_info", every(1_794_268_800.0, 1_794_269_400.0, 30.0), node="n").store(tmp_path / "store")
    assert main(["tradeoff", "--store", str(tmp_path / "store"), "--model", "gpt-7"]) == 2
    assert "no engine that serves 'gpt-7' answered" in capsys.readouterr().err

"""`gpuyield advise` with findings: patches, exit code, acknowledgements, what the report says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpuyield.__main__ import main
from tests.analyzer.advice.conftest import HOUR, HOURS, node, worker
from tests.analyzer.conftest import START, Scene

CARD = """\
as_of: 2026-11-09
prices:
  - {match: {instance_type: p5.4xlarge}, per_hour: 6.88, basis: list}
  - {match: {instance_type: g5.xlarge}, per_hour: 1.006, basis: list}
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """`advise` on a fleet with one empty node."""
    folder = tmp_path_factory.mktemp("advised")
    worker(node(Scene(), "n0")).store(folder / "store")
    (folder / "card.yaml").write_text(CARD)
    period = ["--start", str(START), "--end", str(START + HOURS * HOUR)]
    return ["advise", "--store", str(folder / "store"), "--prices", str(folder / "card.yaml"), *period]


def findings(words: list[str], capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main([*words, "--format", "json", *more]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def test_the_report_begins_with_what_to_do(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "NodePool gpu kept 1 node (p5.4xlarge) without any holder" in text
    assert "$1,156/week" in text


def test_fail_on_ends_with_one_only_over_the_limit(words: list[str]) -> None:
    assert main([*words, "--fail-on", "low"]) == 1
    assert main([*words, "--fail-on", "5000"]) == 1  # 6.88 dollars an hour are 5,022 a month
    assert main([*words, "--fail-on", "5100"]) == 0


def test_patches_are_whole_objects_with_a_way_back(words: list[str], tmp_path: Path) -> None:
    assert main([*words, "--patches", str(tmp_path / "patches")]) == 0
    [file] = (tmp_path / "patches").rglob("*.yaml")
    text = file.read_text()
    assert "--dry-run=server" in text
    assert "undo" in text.lower() or "roll" in text.lower() or "back" in text.lower()
    for part in yaml.safe_load_all(text):
        assert part is None or part["spec"]["disruption"]


def test_what_is_acknowledged_is_shown_and_fails_nothing_until_its_day(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [name] = [one["id"] for one in findings(words, capsys) if one["rule"] == "A1"]
    file = tmp_path / "known.yaml"

    def until(day: str) -> list[dict[str, Any]]:
        entry = {"finding": name, "until": day, "reason": "launch week"}
        file.write_text(yaml.safe_dump({"acknowledgements": [entry]}))
        return [one for one in findings(words, capsys, "--acknowledgements", str(file)) if one["rule"] == "A1"]

    [known] = until("2999-01-01")
    assert known["status"] != "open"
    assert main([*words, "--acknowledgements", str(file), "--fail-on", "5000"]) == 0
    [expired] = until("2020-01-01")
    assert expired["status"] == "open"


def test_thresholds_of_a_file_hold(words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "advice.yaml"
    file.write_text("thresholds: {empty_node_hours: 7}\n")
    assert not [one for one in findings(words, capsys, "--advice-settings", str(file)) if one["rule"] == "A1"]
    file.write_text("thresholds: {empty_node_days: 7}\n")
    assert main([*words, "--advice-settings", str(file)]) == 2
    assert "empty_node_days" in capsys.readouterr().err

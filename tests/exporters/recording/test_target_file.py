"""Target files in both forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporters.importing.labels import LabelError
from exporters.recording.target_file import read_targets
from exporters.recording.targets import TargetError


def test_file_sd(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    labels = {"__scheme__": "https", "__metrics_path__": "/m", "__param_a": "1", "__meta_x": "y", "job": "own"}
    file.write_text(json.dumps([{"targets": ["h:1", "h:2"], "labels": labels}]))
    first, second = read_targets(file, {"job": "all", "team": "t"}, 7)
    assert (first.url, second.url) == ("https://h:1/m?a=1", "https://h:2/m?a=1")
    assert dict(first.labels) == {"instance": "h:1", "job": "own", "team": "t"}
    assert first.interval_seconds == 7


def test_own_form(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("targets:\n- url: http://h:1/x\n  labels: {rack: 7, spare: true}\n  interval: 500ms\n- url: h:2\n")
    first, second = read_targets(file, {}, 7)
    assert dict(first.labels) == {"instance": "h:1", "job": "record", "rack": "7", "spare": "true"}
    assert (first.interval_seconds, second.interval_seconds) == (0.5, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        "{targets: 3}",
        "password: [x",
        "[3]",
        "[{targets: 'h:1'}]",
        "[{targets: ['http://h:1/']}]",
        "{targets: [{labels: {}}]}",
        "{targets: [{url: 'h:1', intervall: 5}]}",
        "{targets: [{url: 'h:1', interval: soon}]}",
        "{targets: [{url: 'h:1', labels: [a]}]}",
    ],
)
def test_refuses(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(text)
    with pytest.raises(TargetError, match=r"t\.yaml") as caught:
        read_targets(file, {}, 1)
    assert "password" not in str(caught.value).replace(str(file), "")


def test_bad_label_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("{targets: [{url: 'h:1', labels: {a-b: c}}]}")
    with pytest.raises(LabelError):
        read_targets(tmp_path / "t", {}, 1)
    with pytest.raises(TargetError, match="cannot be read"):
        read_targets(tmp_path / "none", {}, 1)

"""Recording rules are valid, and read only what is declared."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from alerts.recording import recorded_name, recording_rules
from analyzer.kpi import kpis
from tests.dashboards.promql import declared, selectors


def test_every_key_figure_is_recorded_once() -> None:
    names = [rule["record"] for rule in recording_rules()["groups"][0]["rules"]]
    assert names == [recorded_name(kpi) for kpi in kpis().values()]
    assert len(set(names)) == len(names)


def test_names_and_labels_are_declared() -> None:
    for rule in recording_rules()["groups"][0]["rules"]:
        for name, labels in selectors(rule["expr"]):
            assert set(labels) <= declared()[name], rule["record"]


def test_another_cluster_label_is_kept() -> None:
    for rule in recording_rules("k8s_cluster")["groups"][0]["rules"]:
        assert "k8s_cluster" in rule["expr"]
        assert "(cluster" not in rule["expr"]


def test_promtool_accepts_them(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps(recording_rules()))
    subprocess.run([promtool, "check", "rules", file], check=True, capture_output=True, timeout=60)

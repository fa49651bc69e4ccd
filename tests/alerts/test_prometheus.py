"""Rule files are valid as files and as objects, and their messages carry what somebody needs at night."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from alerts.dialects.prometheus import alerting_rules, all_rules, duration
from alerts.runbooks import FOLDER, pages
from alerts.wording import Links
from analyzer.advice.thresholds import Thresholds
from analyzer.kpi.scope import Scope
from gpuyield.__main__ import main


def test_promtool_accepts_what_is_written(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    assert main(["rules", "write", str(tmp_path), "--cluster-label", "k8s_cluster"]) == 0
    told = subprocess.run(
        [promtool, "check", "rules", tmp_path / "gpuyield.rules.yml"], check=True, capture_output=True, text=True
    )
    assert "SUCCESS" in told.stdout


def test_the_operators_object_has_the_same_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "prometheus"]) == 0
    plain = yaml.safe_load(capsys.readouterr().out)
    assert main(["rules", "prometheus", "--prometheus-rule", "--namespace", "monitoring"]) == 0
    found = yaml.safe_load(capsys.readouterr().out)
    assert (found["apiVersion"], found["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert found["metadata"]["namespace"] == "monitoring"
    assert found["spec"] == plain


def test_each_message_says_who_why_where_and_what_to_do() -> None:
    links = Links("https://docs.example.com/runbooks/", "https://grafana.example.com/")
    for group in alerting_rules(Scope(), Thresholds(), links)["groups"]:
        for rule in group["rules"]:
            assert {"severity", "owner", "topic"} <= set(rule["labels"])
            assert {"summary", "why"} <= set(rule["annotations"])
            assert rule["annotations"]["dashboard_url"].startswith("https://grafana.example.com/d/gpuyield-")
            assert rule["annotations"]["runbook_url"] == (
                f"https://docs.example.com/runbooks/{rule['labels']['topic']}.md"
            )


def test_messages_name_the_cluster_by_its_own_label() -> None:
    text = str(alerting_rules(Scope(cluster="k8s_cluster"), Thresholds(), Links()))
    assert "$labels.k8s_cluster" in text
    assert "$labels.cluster" not in text


def test_key_figures_are_recorded_beside_the_alerts() -> None:
    names = [group["name"] for group in all_rules(Scope(), Thresholds(), Links())["groups"]]
    assert names[0] == "gpuyield-key-figures"
    assert len(set(names)) == len(names)


def test_times_are_written_as_prometheus_reads_them() -> None:
    assert [duration(seconds) for seconds in (0, 90, 600, 3600, 86_400, 93_600)] == [
        "0s",
        "1m30s",
        "10m",
        "1h",
        "1d",
        "1d2h",
    ]


def test_a_label_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "prometheus", "--cluster-label", "k8s-cluster"]) != 0
    assert "--cluster-label" in capsys.readouterr().err


def test_the_runbooks_are_those_of_the_rules() -> None:
    """Made again by `python -m alerts.runbooks`."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")} == pages()

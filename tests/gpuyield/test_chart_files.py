"""What the chart takes from the code is what the code says today."""

from __future__ import annotations

import yaml

from gpuyield.chart_files import FILES, chart_files, outdated


def test_the_charts_files_are_up_to_date() -> None:
    assert outdated() == [], "run: python -m gpuyield.chart_files"


def test_fractional_and_neuron_types_are_among_them() -> None:
    told = {name: yaml.safe_load(text) for name, text in chart_files()}
    assert "g6f.large" in told["nvidia-instance-types.yaml"]
    assert "trn1.32xlarge" in told["neuron-instance-types.yaml"]
    assert {verb for rule in told["collector-rules.yaml"] for verb in rule["verbs"]} == {"list", "watch"}


def test_a_missing_or_strange_file_is_noticed() -> None:
    strange = FILES / "strange.yaml"
    strange.write_text("x: 1\n")
    try:
        assert outdated() == ["strange.yaml"]
    finally:
        strange.unlink()

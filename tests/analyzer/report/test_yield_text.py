"""The yield table names what it compares, and says nothing where there is no interval."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from analyzer.report.build import build_report
from analyzer.report.figure import Figure
from analyzer.report.markdown import markdown
from analyzer.report.model import Report
from analyzer.report.table import table
from analyzer.report.yield_parts import CorrelationPart
from analyzer.report.yield_text import COLUMNS, yield_lines, yield_rows
from tests.analyzer.conftest import Scene
from tests.analyzer.served_scene import hour_of, serve, serving_node


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """An hour of one model whose load never changes."""
    scene = Scene()
    serve(scene, serving_node(scene, 0, "p5.48xlarge", 8, "org/model-8b"), 100.0)
    return build_report(hour_of(scene, tmp_path_factory.mktemp("yields"), 8.0), [])


def _with(report: Report, **more: object) -> Report:
    return msgspec.structs.replace(report, yields=[msgspec.structs.replace(report.yields[0], **more)])


def test_a_row_per_model_and_an_em_dash_without_an_interval(report: Report) -> None:
    (row,) = yield_rows(report)
    assert len(row) == len(COLUMNS)
    assert row[0] == "ml/org/model-8b on p5.48xlarge"
    assert row[1] == "1"
    assert row[4] == "44.8k"  # 360,000 tokens for $8, less those of the last quarter of a minute
    assert row[5:] == ("—", "—")


def test_an_interval_is_shown_with_both_its_ends(report: Report) -> None:
    told = CorrelationPart("busy", Figure(0.2, 1.0, [], low=-0.06, high=0.481), Figure(None, 0.0, [], reason="none"))
    (row,) = yield_rows(_with(report, correlations=[told]))
    assert row[5] == "-0.06 to 0.48"


def test_what_is_true_of_several_is_said_once_and_settings_tell_them_apart(report: Report) -> None:
    one = msgspec.structs.replace(report.yields[0], verdicts=["batches too small"])
    other = msgspec.structs.replace(one, settings="8 devices, KV fp8")
    both = msgspec.structs.replace(report, yields=[one, other])
    (line,) = yield_lines(both)
    assert line == (
        "ml/org/model-8b on p5.48xlarge (8 devices), ml/org/model-8b on p5.48xlarge (8 devices, KV fp8):"
        " batches too small"
    )


def test_a_missing_verdict_says_why(report: Report) -> None:
    assert yield_lines(report) == ["ml/org/model-8b on p5.48xlarge: no interval supports a sentence"]
    few = Figure(1.0, 1.0, [], reason="47 points; an interval asks for 48")
    assert yield_lines(_with(report, running_per_replica=few))[0].endswith(": 47 points; an interval asks for 48")


def test_terminal_and_markdown_have_the_same_rows(report: Report, tmp_path: Path) -> None:
    assert "ml/org/model-8b on p5.48xlarge" in table(report)
    assert "| ml/org/model\\-8b on p5.48xlarge | 1 |" in markdown(report)


def test_a_report_without_engines_has_no_such_table(report: Report) -> None:
    empty = msgspec.structs.replace(report, yields=[])
    assert yield_rows(empty) == []
    assert "Utilization against" not in table(empty) + markdown(empty)

"""The command as a user meets it: a demo that adds up, a report that keeps its contract, errors that help."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from analyzer.ledger.states import GROUP_OF, STATES
from analyzer.report.look import COLOURS, count, dollars, percent
from analyzer.report.markdown import escaped
from analyzer.report.model import schema
from analyzer.report.rows_csv import rows_csv

ROOT = Path(__file__).parents[2]


def gpuyield(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "gpuyield", *words], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with half a simulated day."""
    path = tmp_path_factory.mktemp("demo") / "store"
    done = gpuyield("demo", "--days", "0.5", "--store", str(path))
    assert done.returncode == 0, done.stderr
    assert "cents of each dollar" in done.stdout
    assert "Against the simulation's truth" in done.stdout
    return path


def test_the_report_keeps_its_contract_and_adds_up(store: Path) -> None:
    done = gpuyield("advise", "--store", str(store), "--format", "json", "--slo", "ttft=0.5")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    jsonschema.validate(report, json.loads(schema()))
    assert {line["state"] for line in report["ledger"]} <= set(STATES)
    for figure in figures(report):
        assert {"value", "coverage", "sources"} <= figure.keys()
        assert figure["value"] is not None or figure["reason"]
        assert 0 <= figure["coverage"] <= 1
    spent = math.fsum(line["dollars"] for line in report["ledger"])
    nodes = math.fsum(node["dollars"]["value"] for node in report["nodes"])
    assert spent == pytest.approx(report["bill"]["dollars"]["value"], rel=1e-9)
    assert nodes == pytest.approx(report["bill"]["dollars"]["value"], rel=1e-9)
    assert all(line["dollars"] >= 0 and line["accelerator_seconds"] >= 0 for line in report["ledger"])
    assert report["cpu_nodes"]
    assert not {node["node"] for node in report["cpu_nodes"]} & {node["node"] for node in report["nodes"]}


def figures(part: object) -> Iterator[dict[str, Any]]:
    """Every figure in a report, wherever it stands."""
    if isinstance(part, dict):
        if "coverage" in part and "rule" not in part:  # a finding has a coverage too
            yield part
        for inner in part.values():
            yield from figures(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from figures(inner)


def test_the_rows_as_csv_are_the_bill(store: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(gpuyield("advise", "--store", str(store), "--format", "csv").stdout)))
    report = json.loads(gpuyield("advise", "--store", str(store), "--format", "json").stdout)
    spent = math.fsum(float(row["dollars"]) for row in rows)
    assert spent == pytest.approx(report["bill"]["dollars"]["value"], rel=1e-9)


def test_each_format_is_written_whole_to_a_file(store: Path, tmp_path: Path) -> None:
    for form in ("table", "json", "markdown", "csv"):
        file = tmp_path / f"report.{form}"
        done = gpuyield("advise", "--store", str(store), "--format", form, "--output", str(file))
        assert done.returncode == 0
        assert done.stdout == ""
        assert file.stat().st_size > 500
    assert list(tmp_path.iterdir()).__len__() == 4


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("advise", "--store", "nowhere"), 2, "gpuyield import PATH --store"),
        (("import", "nowhere", "--store", "x"), 3, "does not exist"),
        (("advise", "--store", "nowhere", "--slo", "ttft"), 2, "ttft=0.5"),
        (("advise", "--store", "nowhere", "--slo", "mlperf:none"), 2, "llama-3.1-8b/server"),
        (("advise",), 2, "--prometheus URL"),
        (("bogus",), 2, "invalid choice"),
    ],
)
def test_errors_say_what_and_what_to_do(words: tuple[str, ...], code: int, says: str) -> None:
    done = gpuyield(*words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_window_that_ends_before_it_starts_is_refused(store: Path) -> None:
    done = gpuyield("advise", "--store", str(store), "--start", "2026-11-03T00:00:00Z", "--end", "2026-11-02T00:00:00Z")
    assert done.returncode == 2
    assert "must start before it ends" in done.stderr


def test_the_schema_file_is_up_to_date() -> None:
    """Regenerate with: python -m analyzer.report.schema"""
    assert (ROOT / "analyzer" / "report" / "schema.json").read_bytes() == schema()


def test_every_state_has_a_colour() -> None:
    assert {GROUP_OF[state] for state in STATES} == set(COLOURS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "$0.00"), (0.0123, "$0.0123"), (1.234, "$1.23"), (481.2, "$481"), (12_840, "$12.8k"), (3.4e6, "$3.4M")],
)
def test_dollars_are_readable(value: float, text: str) -> None:
    assert dollars(value) == text


def test_counts_and_shares_are_readable() -> None:
    assert [count(value) for value in (3.4e6, 12_700, 900)] == ["3.4M", "12.7k", "900"]
    assert [percent(value) for value in (0, 0.31, 0.004)] == ["0 %", "31 %", "0.4 %"]


def test_names_cannot_break_out_of_markdown_or_csv() -> None:
    assert escaped("a|b\n<img> *x*") == r"a\|b \<img\> \*x\*"
    assert rows_csv(pa.table({"pod": ["=HYPERLINK(1)"], "seconds": [1.5]})) == "pod,seconds\n'=HYPERLINK(1),1.5\n"

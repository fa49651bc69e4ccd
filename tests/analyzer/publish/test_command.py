"""The verb `publish`, as a user runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gpuyield.__main__ import main
from tests.analyzer.conftest import START, Scene
from tests.analyzer.publish.conftest import HOUR, Growing, small_day

SECONDS = "gpuyield_ledger_accelerator_seconds_total"


@pytest.fixture
def store(growing: Callable[[Scene], Growing]) -> Growing:
    growing_store = growing(small_day(1.0))
    growing_store.until(START + 0.25 * HOUR + 61)
    return growing_store


def _seconds(page: str) -> float:
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(SECONDS))


def test_once_without_a_state_shows_the_newest_cell(store: Growing, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--store", str(store.path), "--once", "--findings", "0s"]) == 0
    page = capsys.readouterr().out
    assert _seconds(page) == pytest.approx(8 * 300)
    assert f"# TYPE {SECONDS} counter" in page


def test_once_with_a_state_shows_new_series_as_zero_first(
    store: Growing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, state = tmp_path / "page.prom", tmp_path / "state"
    command = ["publish", "--store", str(store.path), "--once", "--state", str(state), "--output", str(page)]
    command += ["--findings", "0s"]
    assert main([*command, "--interval", "1s"]) == 0
    assert SECONDS in page.read_text()
    assert _seconds(page.read_text()) == 0
    store.until(START + 0.5 * HOUR + 61)
    assert main([*command, "--interval", "1s"]) == 0
    assert _seconds(page.read_text()) == pytest.approx(4 * 8 * 300)
    assert capsys.readouterr().out == ""


def test_a_state_is_asked_for(store: Growing, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--store", str(store.path)]) == 2
    assert "--state FILE is needed" in capsys.readouterr().err


def test_a_span_that_is_none_is_said(store: Growing, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["publish", "--store", str(store.path), "--once", "--settle", "soon"])
    assert error.value.code == 2
    assert "'soon': write a number and s, m, h, d or w" in capsys.readouterr().err

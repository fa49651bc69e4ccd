"""Which servers the stack runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.stack.binaries import binaries
from dashboards.stack.child import StackError


def _program(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_a_variable_wins_over_the_path(tmp_path: Path) -> None:
    for name in ("prometheus", "promtool", "alertmanager"):
        _program(tmp_path / "path" / name)
        _program(tmp_path / "own" / name)
    path = {"PATH": str(tmp_path / "path")}
    found = binaries({**path, "PROMETHEUS": str(tmp_path / "own" / "prometheus")})
    assert found.promtool == tmp_path / "own" / "promtool"
    assert found.alertmanager == tmp_path / "path" / "alertmanager"


def test_debians_name_of_alertmanager_is_taken_first(tmp_path: Path) -> None:
    for name in ("prometheus", "promtool", "alertmanager", "prometheus-alertmanager"):
        _program(tmp_path / name)
    assert binaries({"PATH": str(tmp_path)}).alertmanager.name == "prometheus-alertmanager"


def test_a_missing_server_is_said_with_what_to_install_and_the_variable(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"apt-get install(.|\n)*PROMETHEUS=/path/to/prometheus make stack"):
        binaries({"PATH": str(tmp_path)})


def test_a_variable_that_names_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="PROMETHEUS=/nowhere/prometheus is no program"):
        binaries({"PATH": str(tmp_path), "PROMETHEUS": "/nowhere/prometheus"})


def test_a_prometheus_without_promtool_is_said(tmp_path: Path) -> None:
    _program(tmp_path / "prometheus")
    _program(tmp_path / "alertmanager")
    with pytest.raises(StackError, match="promtool is missing"):
        binaries({"PATH": str(tmp_path)})

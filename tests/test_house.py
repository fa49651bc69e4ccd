"""The house as a whole: imports point one way, and every verb of the command is there."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuyield import __version__
from gpuyield.__main__ import VERBS

ROOT = Path(__file__).resolve().parent.parent

# folder -> the folders that it may import; `gpuyield` may import them all
ALLOWED = {
    "exporters": {"exporters"},
    "analyzer": {"analyzer", "exporters"},
    "alerts": {"alerts", "analyzer", "exporters"},
    "dashboards": {"dashboards", "analyzer", "exporters"},
    "gpuyield": {"gpuyield", "dashboards", "alerts", "analyzer", "exporters"},
}
OURS = {*ALLOWED, "tests", "benchmarks"}


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every absolute import, also inside functions and by `import_module("a.b")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def breaches(folder: str, tree: ast.AST) -> list[str]:
    """What a module of this folder imports and must not."""
    forbidden = OURS - ALLOWED[folder]
    return [
        f"line {line} imports {name}"
        for line, name in imported(tree)
        if name.split(".")[0] in forbidden or f"{name}.".startswith("importlib.metadata.")
    ]


def modules() -> list[tuple[str, str]]:
    return [
        (folder, str(path.relative_to(ROOT))) for folder in ALLOWED for path in sorted((ROOT / folder).rglob("*.py"))
    ]


@pytest.mark.parametrize(("folder", "module"), modules())
def test_imports_point_one_way(folder: str, module: str) -> None:
    """exporters <- analyzer <- alerts, dashboards <- gpuyield; the version is read without importlib.metadata."""
    path = ROOT / module
    assert breaches(folder, ast.parse(path.read_bytes(), module)) == []


@pytest.mark.parametrize(
    ("folder", "text", "is_breach"),
    [
        ("exporters", "from exporters.metric import Metric", False),
        ("exporters", "from . import metric", False),
        ("exporters", "import analyzer", True),
        ("exporters", "def late():\n    from analyzer.window import Window", True),
        ("exporters", "import importlib\nimportlib.import_module('analyzer.window')", True),
        ("exporters", "from gpuyield import __version__", True),
        ("exporters", "import analyzer_of_others", False),
        ("exporters", "from importlib import metadata", True),
        ("exporters", "import importlib.metadata as m", True),
        ("exporters", "from importlib.resources import files", False),
        ("analyzer", "from exporters import metric", False),
        ("analyzer", "import alerts.rules", True),
        ("analyzer", "import tests", True),
        ("alerts", "from analyzer import window", False),
        ("alerts", "import dashboards", True),
        ("dashboards", "import alerts", True),
        ("gpuyield", "import dashboards, alerts, analyzer, exporters", False),
    ],
)
def test_the_rule_sees(folder: str, text: str, is_breach: bool) -> None:
    assert bool(breaches(folder, ast.parse(text))) is is_breach


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_there(verb: str) -> None:
    module = importlib.import_module(VERBS[verb].module)
    parser = argparse.ArgumentParser(prog=f"gpuyield {verb}")
    module.add_arguments(parser)
    assert parser.format_help()  # a stray % in a help text fails here
    assert callable(module.run)


def gpuyield(*words: str) -> str:
    """What the command prints, run as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "gpuyield", *words], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_version() -> None:
    assert gpuyield("--version") == f"gpuyield {__version__}\n"


def test_help_lists_every_verb() -> None:
    listed = re.findall(r"^ {4}(\S+)", gpuyield("--help"), re.MULTILINE)
    assert [word for word in listed if word in VERBS] == list(VERBS)

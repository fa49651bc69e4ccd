"""Small source trees, written for one test and read as the program's own are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from analyzer.permissions.source_tree import Module, modules

Tree = Callable[..., tuple[Module, ...]]
GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes each file, by its dotted name, and reads them all."""

    def write(**files: str) -> tuple[Module, ...]:
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return modules(tmp_path)

    return write


@pytest.fixture(scope="session")
def own() -> tuple[Module, ...]:
    """The program itself."""
    return modules()

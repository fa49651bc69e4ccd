"""The program's own source as syntax trees, so that no list of what it calls can fall behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from exporters.source import GpuyieldError

ROOT = Path(__file__).resolve().parents[2]
_NAMING = "analyzer/permissions"  # names what the others call, and calls nothing
_FOLDERS = ("exporters", "analyzer", "alerts", "dashboards", "gpuyield")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Module:
    """One file. `name` is dotted, as it is imported."""

    name: str
    path: str
    tree: ast.Module = field(repr=False)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of its tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node stands in."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    def place(self, node: ast.AST) -> str:
        """File and line, as an editor opens them."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def function_of(self, node: ast.AST) -> ast.AST:
        """The function that it stands in, else the module."""
        while (node := self.parents.get(node, self.tree)) is not self.tree:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                return node
        return self.tree

    def definition_of(self, node: ast.AST) -> str:
        """The dotted name of the function or class at the module's top that it stands in, else the module's."""
        while (parent := self.parents.get(node, self.tree)) is not self.tree:
            node = parent
        return f"{self.name}.{node.name}" if isinstance(node, DEFINITIONS) else self.name


class Unresolved(GpuyieldError):
    """What this place asks for cannot be told from its text, so that no policy would be right."""

    def __init__(self, module: Module, node: ast.AST, why: str) -> None:
        super().__init__(f"{module.place(node)}: {why}")


def modules(root: Path = ROOT) -> tuple[Module, ...]:
    """Every module of the program but those that only name what others call."""
    files = [path.relative_to(root) for folder in _FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    if not files:
        raise GpuyieldError(f"{root} has no source of gpuyield, which is read for this: install it with its .py files")
    return tuple(_module(root / path, path) for path in files if not path.is_relative_to(_NAMING))


def _module(path: Path, short: Path) -> Module:
    parts = short.parent.parts if short.name == "__init__.py" else (*short.parent.parts, short.stem)
    return Module(".".join(parts), short.as_posix(), ast.parse(path.read_bytes(), str(path)))


def texts(module: Module) -> Iterator[tuple[ast.expr, str]]:
    """Every text in the source; what is put into an f-string is {}."""
    inside = {part for node in module.nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in module.nodes:
        if isinstance(node, ast.JoinedStr):
            yield node, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inside:
            yield node, node.value

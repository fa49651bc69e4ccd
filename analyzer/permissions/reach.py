"""What can be run from a place in the source: each function or class that is named on the way there, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analyzer.permissions.source_tree import DEFINITIONS, Module


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names of one module mean, dotted; imports inside functions too."""

    module: Module
    meanings: dict[str, str]

    @classmethod
    def of(cls, module: Module) -> _Names:
        own = {node.name: f"{module.name}.{node.name}" for node in module.tree.body if isinstance(node, DEFINITIONS)}
        return cls(module, {**dict(_imported(module)), **own})

    def named_in(self, statement: ast.AST) -> Iterator[str]:
        """Everything that a statement names and that comes from a top level, here or elsewhere."""
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name) if name in self.meanings:
                    yield self.meanings[name]
                case ast.Attribute(value=value, attr=name) if (owner := self._dotted(value)) is not None:
                    yield f"{owner}.{name}"

    def _dotted(self, node: ast.AST) -> str | None:
        match node:
            case ast.Name(id=name):
                return self.meanings.get(name)
            case ast.Attribute(value=value, attr=name) if (owner := self._dotted(value)) is not None:
                return f"{owner}.{name}"
        return None


def _imported(module: Module) -> Iterator[tuple[str, str]]:
    for node in module.nodes:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    first = alias.name.partition(".")[0]
                    yield (alias.asname, alias.name) if alias.asname else (first, first)
            case ast.ImportFrom(module=str(origin), names=names, level=0):
                yield from ((alias.asname or alias.name, f"{origin}.{alias.name}") for alias in names)


def reached(known: Iterable[Module], entry: str) -> frozenset[str]:
    """Dotted names of modules, functions and classes, from a module and all that stands in it on."""
    edges: dict[str, set[str]] = {}
    for module in known:
        names = _Names.of(module)
        edges[module.name] = set()
        for statement in module.tree.body:
            owner = f"{module.name}.{statement.name}" if isinstance(statement, DEFINITIONS) else module.name
            edges.setdefault(owner, {module.name}).update(names.named_in(statement))
    found, waiting = set[str](), [name for name in edges if name == entry or name.rpartition(".")[0] == entry]
    while waiting:
        name = waiting.pop()
        name = name if name in edges else name.rpartition(".")[0]  # a constant is its module's
        if name in edges and name not in found:
            found.add(name)
            waiting += edges[name]
    return frozenset(found)

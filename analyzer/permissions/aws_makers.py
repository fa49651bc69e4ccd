"""What makes clients of AWS in a module: boto3, our own factories, and what is handed in or kept as one."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from analyzer.permissions.source_tree import Module, Unresolved

# The service is said where the maker is called.
ANY = ""
_MAKING = frozenset({"client", "create_client"})  # boto3.client, session.client, botocore's session
_ANNOTATIONS = frozenset({"aws.Client", "Client"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Makers:
    """Of one module: the service of each name or attribute that makes clients, `ANY` where it is told in the call."""

    names: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    def made(self, call: ast.Call) -> str | None:
        """The service of the client that this makes; None where it makes none."""
        match call.func:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(attr=name):
                return self.attributes.get(name, ANY if name in _MAKING else None)
        return None


def factories(known: Iterable[Module]) -> dict[str, str]:
    """Our own functions that return a client, by dotted name, and the service that they are of."""
    return dict(pair for module in known for pair in _returned(module))


def _returned(module: Module) -> Iterator[tuple[str, str]]:
    for node in module.nodes:
        match node:
            case ast.Return(value=ast.Call() as call) if Makers().made(call) is not None:
                function = module.function_of(node)
                if isinstance(function, _Function) and module.parents[function] is module.tree:
                    service = ANY if _is_parameter(function, call) else service_of(module, call, ANY)
                    yield f"{module.name}.{function.name}", service


def makers(module: Module, known_factories: dict[str, str]) -> Makers:
    """By the module's imports, its own functions, and the types of parameters and fields."""
    names = dict(_imported(module, known_factories))
    names |= {
        name.rpartition(".")[2]: service
        for name, service in known_factories.items()
        if name.rpartition(".")[0] == module.name
    }
    attributes: dict[str, str] = {}
    for node in module.nodes:
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation) if ast.unparse(annotation) in _ANNOTATIONS:
                names[name] = ANY
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Name(id=default)) if names.get(default):
                attributes[name] = names[default]
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                if ast.unparse(annotation) in _ANNOTATIONS:
                    attributes[name] = ANY
    return Makers(names, attributes)


def _imported(module: Module, known_factories: dict[str, str]) -> Iterator[tuple[str, str]]:
    for node in module.nodes:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (name := f"{node.module}.{alias.name}") in known_factories:
                    yield alias.asname or alias.name, known_factories[name]


def service_of(module: Module, call: ast.Call, service: str) -> str:
    """The service that a maker was called for."""
    if service != ANY:
        return service
    match call.args:
        case [ast.Constant(value=str(named)), *_]:
            return named
    raise Unresolved(module, call, "the service of this AWS client is not written here as a text")


def _is_parameter(function: _Function, call: ast.Call) -> bool:
    """Whether the service is what the function was given: its callers name it."""
    match call.args:
        case [ast.Name(id=name), *_]:
            return name in {argument.arg for argument in function.args.args}
    return False

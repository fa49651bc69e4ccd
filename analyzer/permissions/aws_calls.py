"""Every call of AWS in the source, as the action that IAM knows it by."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.permissions.amazon_prometheus import prometheus_actions
from analyzer.permissions.aws_makers import factories, makers, service_of
from analyzer.permissions.source_tree import Module, Unresolved

ASSUME_ROLE = "sts:AssumeRole"
_NAMED = frozenset({"get_paginator", "get_waiter"})  # the operation is their argument


@dataclass(frozen=True, slots=True, order=True)
class AwsCall:
    """`action` as in ec2:DescribeInstances; `owner` is what it stands in, dotted; `place` is file and line."""

    action: str
    owner: str
    place: str


def aws_calls(known: Sequence[Module]) -> list[AwsCall]:
    """Of all these modules. Raises `Unresolved` for one that its text does not tell."""
    made = factories(known)
    return sorted({call for module in known for call in _of(module, made)})


def _of(module: Module, made: dict[str, str]) -> Iterator[AwsCall]:
    _refuse_unseen(module)
    found = [*_of_clients(module, made), *_of_roles(module), *prometheus_actions(module)]
    for node, action in found:
        yield AwsCall(action, module.definition_of(node), module.place(node))


def _of_clients(module: Module, made: dict[str, str]) -> Iterator[tuple[ast.AST, str]]:
    known, told = makers(module, made), set[ast.AST]()
    for call in module.nodes:
        if isinstance(call, ast.Call) and (service := known.made(call)) is not None:
            if _is_factory(module, call, made):
                continue
            for use in _uses(module, call):
                told.add(use)
                yield use, f"{service_of(module, call, service)}:{_operation(module, use)}"
    for node in module.nodes:
        match node:
            case ast.Attribute(attr=name) if name in _NAMED and module.parents[node] not in told:
                raise Unresolved(module, node, "what this client is a client of is not seen; make it in this function")


def _is_factory(module: Module, call: ast.Call, made: dict[str, str]) -> bool:
    """Returned from a function that is followed: its callers' calls count."""
    is_returned = isinstance(module.parents[call], ast.Return)
    function = module.function_of(call)
    is_known = f"{module.name}.{getattr(function, 'name', '')}" in made and module.parents[function] is module.tree
    return is_returned and is_known


def _uses(module: Module, call: ast.Call) -> Iterator[ast.Call]:
    """The calls of a client: at once, or of the name that it was given."""
    match module.parents[call]:
        case ast.Assign(targets=[ast.Name(id=name)]):
            yield from (_use(module, one) for one in _loads(module, call, name))
        case _:
            yield _use(module, call)


def _loads(module: Module, call: ast.Call, name: str) -> list[ast.AST]:
    named = [node for node in ast.walk(module.function_of(call)) if isinstance(node, ast.Name) and node.id == name]
    if sum(isinstance(node.ctx, ast.Store) for node in named) > 1:
        raise Unresolved(module, call, f"{name} is several things in this function; give each a name of its own")
    return [node for node in named if isinstance(node.ctx, ast.Load)]


def _use(module: Module, client: ast.AST) -> ast.Call:
    attribute = module.parents[client]
    match module.parents.get(attribute):
        case ast.Call() as call if isinstance(attribute, ast.Attribute) and call.func is attribute:
            return call
    raise Unresolved(module, client, "this AWS client goes where its calls are not seen; call it in this function")


def _operation(module: Module, use: ast.Call) -> str:
    assert isinstance(use.func, ast.Attribute)
    name = use.func.attr
    if name in _NAMED:
        match use.args:
            case [ast.Constant(value=str(named)), *_]:
                name = named
            case _:
                raise Unresolved(module, use, f"{name} is not given the operation as a text")
    return "".join(part.capitalize() for part in name.split("_"))


def _of_roles(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """A role is assumed by botocore itself."""
    yield from ((node, ASSUME_ROLE) for node in module.nodes if _is_fetcher(node))


def _is_fetcher(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name == "AssumeRoleCredentialFetcher"
    return False


def _refuse_unseen(module: Module) -> None:
    """Ways to a client that are not followed: what would be called with it is not seen."""
    fetching = {part for node in module.nodes if _is_fetcher(node) for part in ast.walk(node)}
    called = {node.func for node in module.nodes if isinstance(node, ast.Call)}
    for node in module.nodes:
        match node:
            case ast.Attribute(value=ast.Name(id="boto3"), attr=name) if name != "client" or node not in called:
                raise Unresolved(module, node, f"boto3.{name} is not followed; call boto3.client")
            case ast.Attribute(attr="create_client") if node not in fetching | called:
                raise Unresolved(module, node, "create_client is handed on, and what is called with it not seen")
            case ast.ImportFrom(module="boto3") | ast.Import(names=[ast.alias(name="boto3", asname=str()), *_]):
                raise Unresolved(module, node, "write import boto3 and boto3.client, so that clients are seen")

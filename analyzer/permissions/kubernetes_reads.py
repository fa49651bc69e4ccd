"""Every resource of Kubernetes that the source lists, watches, gets, or reaches a Service through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.permissions.amazon_prometheus import asks_prometheus, is_within
from analyzer.permissions.source_tree import Module, Unresolved, texts

PROXY = "services/proxy"
_ANSWERING = "exporters.simulation"  # plays the API server: its paths are asked of it
_DECLARED_IN = "exporters.cluster.resource"
_PATH = re.compile(
    r"/(api/v1|apis/(?P<group>[a-z0-9.-]+)/v\w+)/(namespaces/\{\}/|\{\})?"
    r"(?P<resource>[a-z0-9]+)(?P<one>/\{\})?(/(?P<part>[a-z]+))?(\?.*)?",
    re.ASCII,
)
# The proxy's verb follows the HTTP method of what is passed on.
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, order=True)
class Read:
    """`group` is "" for the core; `owner` is what it stands in, dotted; `place` is file and line."""

    group: str
    resource: str
    verb: str
    owner: str
    place: str


def kubernetes_reads(known: Sequence[Module]) -> list[Read]:
    """Of all these modules. Raises `Unresolved` for a path that does not tell its resource."""
    methods = sorted({text for module in known if asks_prometheus(module) for _, text in texts(module)} & set(_VERBS))
    through = [_VERBS[method] for method in methods]
    asking = [one for one in known if not asks_prometheus(one) and not is_within(one.name, _ANSWERING)]
    return sorted({read for module in asking for read in _of(module, through)})


def _of(module: Module, through: list[str]) -> Iterator[Read]:
    followed = {argument for call in _declared(module) for argument in call.args}
    for node, text in texts(module):
        if text.startswith(("/api/v1/", "/apis/")):
            match = _PATH.fullmatch(text)
            if match is None:
                raise Unresolved(module, node, f"{text} does not tell which resource of Kubernetes it is")
            resource = "/".join(filter(None, (match["resource"], match["part"])))
            for verb in _verbs(resource, bool(match["one"]), node in followed, through):
                yield Read(match["group"] or "", resource, verb, module.definition_of(node), module.place(node))


def _verbs(resource: str, is_one: bool, is_followed: bool, through: list[str]) -> list[str]:
    if resource == PROXY:
        return through
    if is_followed:
        return ["list", "watch"]
    return ["get"] if is_one else ["list"]


def _declared(module: Module) -> Iterator[ast.Call]:
    """The declarations of what the collector follows, whose path must stand in them."""
    if not any(isinstance(node, ast.ImportFrom) and node.module == _DECLARED_IN for node in module.nodes):
        return  # prices have a Resource too
    for node in module.nodes:
        match node:
            case ast.Call(func=ast.Name(id="Resource"), args=[_, path, *_]):
                if not isinstance(path, ast.Constant):
                    raise Unresolved(module, node, "the path of this Resource is not written here as a text")
                yield node

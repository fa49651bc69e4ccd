"""The program's own files are found, and places in them are told as an editor opens them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from analyzer.permissions.source_tree import Module, modules, texts
from exporters.source import GpuyieldError
from tests.analyzer.permissions.conftest import Tree


def test_modules_are_named_as_they_are_imported(own: tuple[Module, ...]) -> None:
    names = {module.name for module in own}
    assert {"exporters", "exporters.cluster.kinds", "analyzer.pricing.aws", "gpuyield.__main__"} <= names
    assert not any(name.startswith(("tests", "benchmarks")) for name in names)


def test_what_names_the_calls_of_others_is_not_taken_for_them(own: tuple[Module, ...]) -> None:
    assert not any(module.name.startswith("analyzer.permissions") for module in own)


def test_texts_are_whole_with_gaps_for_what_is_put_in(tree: Tree) -> None:
    (module,) = tree(analyzer__a='PLAIN = "/api/v1/pods"\ndef at(name: str) -> str:\n    return f"/x/{name}/y"\n')
    assert [text for _, text in texts(module)] == ["/api/v1/pods", "/x/{}/y"]


def test_a_place_is_file_and_line_and_has_an_owner(tree: Tree) -> None:
    (module,) = tree(analyzer__a="X = 1\nclass A:\n    def b(self) -> int:\n        return len('')\n")
    call = next(node for node in module.nodes if isinstance(node, ast.Call))
    constant = next(node for node in module.nodes if isinstance(node, ast.Constant))
    assert module.place(call) == "analyzer/a.py:4"
    assert module.definition_of(call) == "analyzer.a.A"
    assert module.definition_of(constant) == "analyzer.a"


def test_without_source_no_empty_policy_is_made(tmp_path: Path) -> None:
    with pytest.raises(GpuyieldError, match=r"no source of gpuyield.*install it with its \.py files"):
        modules(tmp_path)

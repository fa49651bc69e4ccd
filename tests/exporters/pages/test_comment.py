"""Types and helps."""

from __future__ import annotations

import pytest

from exporters.pages.comment import read_comment
from exporters.pages.escape import unescape_help
from exporters.pages.line import Malformed


def read(line: str) -> tuple[dict[str, str], dict[str, str]]:
    types: dict[str, str] = {}
    helps: dict[str, str] = {}
    read_comment(line, types, helps, unescape_help)
    return types, helps


@pytest.mark.parametrize(
    ("line", "types", "helps"),
    [
        ("# TYPE a counter", {"a": "counter"}, {}),
        ("\t#\tTYPE\t a \t counter ", {"a": "counter"}, {}),
        ("# TYPE a untyped", {"a": "unknown"}, {}),
        ('# TYPE "my.metric" gauge', {"my.metric": "gauge"}, {}),
        ("# HELP a", {}, {"a": ""}),
        ("# HELP a two  words ", {}, {"a": "two  words "}),
        (r"# HELP a \\ \n \" \x", {}, {"a": '\\ \n \\" \\x'}),
        (r'# HELP "a\"b" x', {}, {'a"b': "x"}),
        ("# HELPER a b", {}, {}),
        ("#TYPE a counter", {}, {}),
        ("# UNIT a seconds", {}, {}),
        ("# a 5", {}, {}),
        ("#", {}, {}),
    ],
)
def test_comment(line: str, types: dict[str, str], helps: dict[str, str]) -> None:
    assert read(line) == (types, helps)


@pytest.mark.parametrize("line", ["# TYPE", "# TYPE a", "# TYPE a Counter", "# TYPE my.metric gauge", "# HELP 5"])
def test_malformed(line: str) -> None:
    with pytest.raises(Malformed):
        read(line)

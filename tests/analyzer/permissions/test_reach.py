"""What a verb can run: by name, across files and functions, and not all that stands in the same file."""

from __future__ import annotations

import pytest

from analyzer.permissions.reach import reached
from analyzer.permissions.source_tree import Module
from tests.analyzer.permissions.conftest import Tree

DEEP = """
    def used() -> int:
        return _inner()
    def _inner() -> int:
        return 1
    def unused() -> int:
        return 2
"""


@pytest.mark.parametrize(
    "text",
    [
        "from analyzer.deep import used\ndef run() -> int:\n    return used()\n",
        "from analyzer.deep import used as other\nTABLE = {'a': other}\n",
        "from analyzer import deep\ndef run() -> int:\n    return deep.used()\n",
        "import analyzer.deep\ndef run() -> int:\n    return analyzer.deep.used()\n",
        "import analyzer.deep as d\ndef run() -> int:\n    return d.used()\n",
        "class A:\n    def run(self) -> int:\n        from analyzer.deep import used\n        return used()\n",
    ],
)
def test_every_way_to_name_a_function_reaches_it_and_no_other(tree: Tree, text: str) -> None:
    near = reached(tree(analyzer__deep=DEEP, analyzer__verb=text), "analyzer.verb")
    assert {"analyzer.deep.used", "analyzer.deep._inner", "analyzer.deep"} <= near
    assert "analyzer.deep.unused" not in near


def test_what_a_module_does_when_it_is_imported_counts(tree: Tree) -> None:
    known = tree(
        analyzer__deep=DEEP,
        analyzer__table="from analyzer.deep import used\nTABLE = [used]\ndef read() -> int:\n    return 1\n",
        analyzer__verb="from analyzer.table import read\ndef run() -> int:\n    return read()\n",
    )
    assert "analyzer.deep.used" in reached(known, "analyzer.verb")


def test_the_demo_reaches_nothing_of_aws_and_prices_no_instances(own: tuple[Module, ...]) -> None:
    clients = {"analyzer.pricing.aws.client", "analyzer.pricing.ec2_instances.Ec2Instances"}
    assert not clients & reached(own, "analyzer.commands.demo")
    assert clients & reached(own, "analyzer.commands.prices") == {"analyzer.pricing.aws.client"}
    assert clients <= reached(own, "analyzer.commands.advise")

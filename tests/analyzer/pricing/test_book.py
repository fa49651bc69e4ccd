"""The most trusted source that counts wins, and the book can say why."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing.book import Answer, PriceBook
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import PricePath, Resource, constant
from analyzer.pricing.price import EFFECTIVE, LIST
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import HOUR, price


@dataclass(frozen=True)
class Says:
    """A source that says one thing of one capacity type, or of all."""

    name: str
    path_told: PricePath | None
    refused: str = ""
    capacity_type: str = ""
    warning: str = ""

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        if self.capacity_type not in ("", resource.capacity_type):
            return None
        return Answer(self.name, self.path_told, self.refused, self.warning)


class Broken:
    name = "broken"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        raise SourceFailed("no answer; look at the network")


def _node(capacity_type: str = "on-demand", **more: str) -> Resource:
    return Resource(instance_type="p5.48xlarge", capacity_type=capacity_type, region="us-east-1", **more)


def _listed(dollars: float, name: str = "list") -> Says:
    return Says(name, constant(price(dollars)))


SPOT = Says("spot", constant(price(20.0, EFFECTIVE)), capacity_type="spot")


def _dollars(book: PriceBook, node: Resource) -> float | None:
    return book.path(node, 0, HOUR).dollars(0, HOUR)


@pytest.mark.parametrize(
    ("basis", "capacity_type", "dollars"),
    [
        (LIST, "on-demand", 55.0),
        (LIST, "spot", 55.0),  # as if on demand
        (LIST, "reserved", 55.0),
        (LIST, "capacity-block", 55.0),
        (EFFECTIVE, "on-demand", 55.0),  # nothing is taken off
        (EFFECTIVE, "reserved", 55.0),  # an ODCR is paid like on demand
        (EFFECTIVE, "spot", 20.0),
        (EFFECTIVE, "capacity-block", None),  # without the fee it is unknown
    ],
)
def test_what_a_node_costs_on_each_basis(basis: str, capacity_type: str, dollars: float | None) -> None:
    assert _dollars(PriceBook([SPOT, _listed(55.0)], basis), _node(capacity_type)) == dollars


def test_an_effective_price_goes_before_a_more_trusted_list_price() -> None:
    book = PriceBook([_listed(55.0), Says("card", constant(price(40.0, EFFECTIVE)))], EFFECTIVE)
    assert _dollars(book, _node()) == 40.0


def test_why_tells_the_winner_first_and_of_each_other_what_is_wrong() -> None:
    book = PriceBook(
        [
            Broken(),
            Says("karpenter", None, "it says 0"),
            Says("card", constant(price(40.0, EFFECTIVE))),
            _listed(55.0, "first list"),
            _listed(56.0, "second list"),
        ]
    )
    answers = book.why(_node(), 0, HOUR)
    assert [(one.source, one.is_winner, one.refused) for one in answers] == [
        ("first list", True, ""),
        ("broken", False, "no answer; look at the network"),
        ("karpenter", False, "it says 0"),
        ("card", False, "an effective price, and list prices were asked for"),
        ("second list", False, ""),
    ]


def test_without_a_source_the_price_is_unknown() -> None:
    for sources in ([], [Broken()], [Says("empty", constant(None))]):
        assert _dollars(PriceBook(sources), _node()) is None


def test_a_book_tells_the_warnings_of_the_prices_that_it_gave() -> None:
    book = PriceBook([Says("list", constant(price(1.0)), warning="stands in")], warnings=["said before"])
    assert book.warnings == ["said before"]
    book.path(_node(), 0, HOUR)
    assert book.warnings == ["said before", "stands in"]


@given(st.lists(st.tuples(st.integers(1, 100).map(float), st.booleans()), max_size=6))
def test_the_first_that_is_not_refused_wins(told: list[tuple[float, bool]]) -> None:
    sources = [
        Says(str(number), constant(price(dollars)), "" if counts else "refused")
        for number, (dollars, counts) in enumerate(told)
    ]
    expected = next((dollars for dollars, counts in told if counts), None)
    assert _dollars(PriceBook(sources), _node()) == expected


def test_the_table_prices_a_p5_4xlarge_at_an_eighth_of_a_p5_48xlarge() -> None:
    book = PriceBook([PackagedTable()])
    small = book.path(Resource(instance_type="p5.4xlarge"), 0, HOUR).dollars(0, HOUR)
    large = book.path(Resource(instance_type="p5.48xlarge"), 0, HOUR).dollars(0, HOUR)
    assert large == 55.04
    assert small == large / 8 == 6.88


def test_the_table_warns_where_its_region_stands_in_for_another() -> None:
    book = PriceBook([PackagedTable()])
    book.path(Resource(instance_type="p5.48xlarge", region="us-east-1"), 0, HOUR)
    assert book.warnings == []
    book.path(Resource(instance_type="p5.48xlarge", region="eu-west-1"), 0, HOUR)
    assert book.warnings == ["us-east-1 list prices stand in for eu-west-1"]


@pytest.mark.parametrize("name", ["trn2.48xlarge", "p6e-gb200.36xlarge", "no.such"])
def test_a_type_that_the_table_does_not_price_has_no_price(name: str) -> None:
    assert PackagedTable().path(Resource(instance_type=name), 0, HOUR) is None

"""The user's own prices: what they say, in which currency, and what is wrong with a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pricing import rate_card
from analyzer.pricing.book import Answer, PriceBook
from analyzer.pricing.card_prices import CardDiscounts, CardPrices, card_fees
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import PricePath, Resource
from analyzer.pricing.price import EFFECTIVE, LIST, UNUSED_RESERVATION
from analyzer.pricing.rate_card import CardBlock, RateCard, RateCardError, read_rate_card
from tests.analyzer.pricing.conftest import HOUR

TEN = round(datetime(2026, 11, 10, tzinfo=UTC).timestamp() * 1e6)


def _card(tmp_path: Path, text: str) -> RateCard:
    path = tmp_path / "rates.yaml"
    path.write_text(text)
    return read_rate_card(path)


def _path(card: RateCard, node: Resource, basis: str = EFFECTIVE) -> PricePath:
    answer = CardPrices(card, basis).path(node, TEN, TEN + 24 * HOUR)
    assert answer is not None
    assert answer.path is not None
    return answer.path


def test_the_example_of_the_documentation_is_a_rate_card(tmp_path: Path) -> None:
    card = _card(tmp_path, str(rate_card.__doc__).split("\n\n")[1])
    assert card.as_of.isoformat() == "2026-11-01"
    hybrid = Resource(provider_id="eks-hybrid:///eu-central-1/prod/mi-0abc", capacity_type="hybrid")
    price = _path(card, hybrid).at(TEN)
    assert price is not None
    assert price.dollars_per_hour == 41.5 * 1.08
    assert price.name == "rate card rates.yaml, 2026-11-01"
    fee = card_fees(card)[0]
    assert (fee.name, fee.cluster, fee.path.dollars(0, HOUR)) == ("support contract", "prod", 2.5 * 1.08)


def test_the_first_entry_that_matches_at_a_moment_speaks(tmp_path: Path) -> None:
    card = _card(
        tmp_path,
        """
prices:
  - {match: {instance_type: "p5.*"}, per_hour: 30, start: 2026-11-10T06:00:00Z, end: 2026-11-10T12:00:00Z}
  - {match: {instance_type: "p5.*", region: us-east-1}, per_hour: 40, end: 2026-11-10T18:00:00Z}
""",
    )
    path = _path(card, Resource(instance_type="p5.48xlarge", region="us-east-1"))
    assert path.dollars(TEN, TEN + 18 * HOUR) == 6 * 40 + 6 * 30 + 6 * 40
    assert path.dollars(TEN, TEN + 19 * HOUR) is None
    assert CardPrices(card, EFFECTIVE).path(Resource(instance_type="g5.xlarge"), TEN, TEN + HOUR) is None


def test_list_prices_of_the_card_count_on_both_bases_and_its_own_on_one(tmp_path: Path) -> None:
    card = _card(
        tmp_path,
        """
prices:
  - {match: {instance_type: p5.48xlarge}, per_hour: 50, basis: list}
  - {match: {instance_type: p5.48xlarge}, per_hour: 30}
""",
    )
    for basis, dollars in ((LIST, 50.0), (EFFECTIVE, 30.0)):
        book = PriceBook([CardPrices(card, EFFECTIVE), CardPrices(card, LIST), PackagedTable()], basis)
        assert book.path(Resource(instance_type="p5.48xlarge"), TEN, TEN + HOUR).dollars(TEN, TEN + HOUR) == dollars


@pytest.mark.parametrize(
    ("capacity_type", "region", "dollars"),
    [
        ("on-demand", "us-east-1", 55.04 * 0.88),
        ("reserved", "us-east-1", 55.04 * 0.95),
        (UNUSED_RESERVATION, "us-east-1", 55.04 * 0.95),  # paid like the used part
        ("on-demand", "eu-west-1", 55.04),
        ("spot", "us-east-1", None),  # no spot price to take it off
    ],
)
def test_a_discount_is_taken_off_what_the_next_source_says(
    tmp_path: Path, capacity_type: str, region: str, dollars: float | None
) -> None:
    card = _card(
        tmp_path,
        """
discounts:
  - {match: {instance_type: "p5*", region: "us-*", capacity_type: on-demand}, ratio: 0.12}
  - {match: {instance_type: "p5*", region: "us-*"}, ratio: 0.05}
""",
    )
    sources = [PackagedTable()]
    node = Resource(instance_type="p5.48xlarge", capacity_type=capacity_type, region=region)
    found = PriceBook([CardDiscounts(card, sources), *sources], EFFECTIVE).path(node, TEN, TEN + HOUR).at(TEN)
    assert (found.dollars_per_hour if found else None) == (pytest.approx(dollars) if dollars else None)
    if capacity_type == "on-demand" and region == "us-east-1":
        assert found is not None
        assert found.source == "packaged table of on-demand prices, less 0.12 (rate card rates.yaml)"
        assert found.basis == EFFECTIVE
    on_list = PriceBook([CardDiscounts(card, sources), *sources], LIST).path(node, TEN, TEN + HOUR)
    assert on_list.dollars(TEN, TEN + HOUR) == 55.04


def test_a_discount_keeps_the_warning_of_the_price_below(tmp_path: Path) -> None:
    card = _card(tmp_path, "discounts: [{match: {region: eu-west-1}, ratio: 0.1}]")
    node = Resource(instance_type="p5.48xlarge", region="eu-west-1")
    answer = CardDiscounts(card, [PackagedTable()]).path(node, TEN, TEN + HOUR)
    assert isinstance(answer, Answer)
    assert answer.warning == "us-east-1 list prices stand in for eu-west-1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prices: [{match: {node: a}, per_hour: 0}]", r"> 0.*prices\[0\]\.per_hour"),
        ("prices: [{match: {node: a}, per_hour: -1}]", "> 0"),
        ("prices: [{match: {node: a}, per_hour: .nan}]", "> 0|nan"),
        ("prices: [{match: {node: a}, per_hour: .inf}]", "< 1"),
        ("prices: [{match: {node: a}, per_hour: free}]", "float"),
        ("prices: [{match: {}, per_hour: 1}]", r"prices\[0\]\.match names nothing"),
        ("prices: [{match: {nodes: a}, per_hour: 1}]", "nodes"),
        ("prices: [{match: {node: a}, per_hour: 1, currency: EUR}]", "EUR.*`currencies`"),
        ("currency: GBP\nfees: [{name: x, per_hour: 1}]", "GBP"),
        ("currencies: {EUR: 0}", "> 0"),
        ("prices: [{match: {node: a}, per_hour: 1, start: 2026-11-02T00:00:00Z, end: 2026-11-01T00:00:00Z}]", "before"),
        ("discounts: [{match: {node: a}, ratio: 12}]", "< 1"),
        (
            "blocks: [{id: cr-1, instance_type: p5, count: 0, start: 2026-11-02T00:00:00Z, hours: 1, upfront_fee: 1}]",
            ">= 1",
        ),
        (
            "blocks: [{id: cr-1, instance_type: p5, count: 1, start: 2026-11-02T00:00:00Z, hours: 1, upfront_fee: 0}]",
            "> 0",
        ),
        ("price: []", "price"),
        ("a: [", "not YAML"),
        ("- 1", "object"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RateCardError, match=told) as caught:
        _card(tmp_path, text)
    assert "rates.yaml" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RateCardError, match="cannot be read"):
        read_rate_card(tmp_path / "none.yaml")


@given(st.floats(0.01, 1e7), st.integers(1, 64), st.floats(1, 4400))
def test_a_blocks_hours_add_up_to_its_fee(fee: float, count: int, hours: float) -> None:
    start = datetime(2026, 11, 10, 11, 30, tzinfo=UTC)
    block = CardBlock(id="cr-1", instance_type="p5.48xlarge", count=count, start=start, hours=hours, upfront_fee=fee)
    assert block.per_hour * count * hours == pytest.approx(fee, rel=1e-12)

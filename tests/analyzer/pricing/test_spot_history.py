"""Spot prices are a path for each zone; what EC2 forgets stays known where it was kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.pricing.path import PricePath, Resource
from analyzer.pricing.shelf import Shelf
from analyzer.pricing.spot_history import SpotHistory
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import DAY_SECONDS, HOUR, NOW, Aws, Clock, again

VPC, CLASSIC = "Linux/UNIX (Amazon VPC)", "Linux/UNIX"
MIDNIGHT = datetime(2026, 11, 10, tzinfo=UTC)
START = round(MIDNIGHT.timestamp() * 1e6)


def _change(hours: float, price: str, zone: str = "us-east-1a", product: str = CLASSIC) -> dict[str, Any]:
    return {
        "AvailabilityZone": zone,
        "InstanceType": "p5.48xlarge",
        "ProductDescription": product,
        "SpotPrice": price,
        "Timestamp": MIDNIGHT + timedelta(hours=hours),
    }


def _answers(aws: Aws, since: float, *pages: list[dict[str, Any]]) -> None:
    token: dict[str, str] = {}
    for number, page in enumerate(pages):
        asked = {
            "StartTime": datetime.fromtimestamp(since, UTC),
            "InstanceTypes": ["p5.48xlarge"],
            "ProductDescriptions": [CLASSIC, VPC],
            **token,
        }
        token = {"NextToken": f"page-{number + 2}"} if number + 1 < len(pages) else {}
        more = token or {"NextToken": ""}
        aws.of("ec2", "us-east-1").add_response(
            "describe_spot_price_history", {"SpotPriceHistory": page, **more}, asked
        )


def _node(zone: str = "us-east-1a", capacity_type: str = "spot") -> Resource:
    return Resource(instance_type="p5.48xlarge", capacity_type=capacity_type, region="us-east-1", zone=zone)


def _path(source: SpotHistory, node: Resource | None = None) -> PricePath:
    answer = source.path(node or _node(), START, START + 12 * HOUR)
    assert answer is not None
    assert answer.path is not None, answer.refused
    return answer.path


def test_the_integral_of_a_path_by_hand(aws: Aws, shelf: Shelf) -> None:
    pages = [_change(9, "30.0"), _change(6, "20.5"), _change(-2, "12.25")], [_change(3, "7", "us-east-1b")]
    _answers(aws, NOW - 90 * DAY_SECONDS, *pages)
    path = _path(SpotHistory(shelf, aws))
    # 00:00-06:00 at the price in force since before, 06:00-09:00, 09:00-10:00
    assert path.dollars(START, START + 10 * HOUR) == 6 * 12.25 + 3 * 20.5 + 1 * 30.0
    assert {price.name for price in path.prices()} == {"EC2 spot price history, 2026-11-10"}
    aws.all_asked()


def test_each_zone_has_its_own_path(aws: Aws, shelf: Shelf) -> None:
    _answers(aws, NOW - 90 * DAY_SECONDS, [_change(-1, "12"), _change(-1, "9", "us-east-1b")])
    source = SpotHistory(shelf, aws)
    assert [_path(source, _node(zone)).dollars(START, START + HOUR) for zone in ("us-east-1a", "us-east-1b")] == [12, 9]
    answer = source.path(_node("us-east-1c"), START, START + HOUR)
    assert answer is not None
    assert (answer.path, answer.refused) == (None, "no spot price of p5.48xlarge in us-east-1c is known")


def test_before_the_first_known_price_it_is_unknown(aws: Aws, shelf: Shelf) -> None:
    _answers(aws, NOW - 90 * DAY_SECONDS, [_change(3, "12")])
    path = _path(SpotHistory(shelf, aws))
    assert path.dollars(START, START + 4 * HOUR) is None
    assert path.dollars(START + 3 * HOUR, START + 4 * HOUR) == 12.0


def test_the_two_products_are_not_mixed_and_no_zero_is_a_price(aws: Aws, shelf: Shelf) -> None:
    _answers(
        aws,
        NOW - 90 * DAY_SECONDS,
        [
            _change(-1, "12"),
            _change(1, "99", product=VPC),
            _change(2, "0.0"),
            _change(-1, "8", "us-east-1b", VPC),
        ],
    )
    source = SpotHistory(shelf, aws)
    assert _path(source).dollars(START, START + 4 * HOUR) == 48.0
    assert _path(source, _node("us-east-1b")).dollars(START, START + 4 * HOUR) == 32.0


def test_what_is_not_spot_is_not_asked_for(aws: Aws, shelf: Shelf) -> None:
    assert SpotHistory(shelf, aws).path(_node(capacity_type="on-demand"), START, START + HOUR) is None
    answer = SpotHistory(shelf, aws).path(_node(""), START, START + HOUR)
    assert answer is not None
    assert "zone is unknown" in answer.refused


def test_only_what_is_new_is_asked_for_and_the_old_is_kept_longer_than_ec2_does(
    aws: Aws, shelf: Shelf, clock: Clock
) -> None:
    _answers(aws, NOW - 90 * DAY_SECONDS, [_change(-1, "12")])
    SpotHistory(shelf, aws).path(_node(), START, START + HOUR)
    clock.seconds += 80 * DAY_SECONDS
    _answers(aws, NOW, [_change(-1, "12"), _change(30 * 24, "15")])
    SpotHistory(again(shelf), aws).path(_node(), START, START + HOUR)
    clock.seconds += 80 * DAY_SECONDS
    _answers(aws, NOW + 80 * DAY_SECONDS, [])
    path = _path(SpotHistory(again(shelf), aws))
    assert path.dollars(START, START + HOUR) == 12.0  # 160 days ago
    aws.all_asked()


def test_a_kept_history_with_a_hole_is_not_used(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    _answers(aws, NOW - 90 * DAY_SECONDS, [_change(-1, "12")])
    SpotHistory(shelf, aws).path(_node(), START, START + HOUR)
    clock.seconds += 100 * DAY_SECONDS
    _answers(aws, NOW + 10 * DAY_SECONDS, [_change(20 * 24, "15")])
    assert _path(SpotHistory(again(shelf), aws)).dollars(START, START + HOUR) is None


def test_where_ec2_refuses_the_kept_history_is_stale_and_without_one_it_fails(
    aws: Aws, shelf: Shelf, clock: Clock
) -> None:
    aws.refuses("ec2", "us-east-1", "describe_spot_price_history")
    with pytest.raises(SourceFailed, match="ec2:DescribeSpotPriceHistory in us-east-1: not allowed"):
        SpotHistory(shelf, aws).path(_node(), START, START + HOUR)
    _answers(aws, NOW - 90 * DAY_SECONDS, [_change(-1, "12")])
    SpotHistory(again(shelf), aws).path(_node(), START, START + HOUR)
    clock.seconds += DAY_SECONDS
    aws.refuses("ec2", "us-east-1", "describe_spot_price_history", "RequestLimitExceeded")
    assert [price.is_stale for price in _path(SpotHistory(again(shelf), aws)).prices()] == [True]

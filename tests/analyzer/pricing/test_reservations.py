"""Capacity that is paid for: what EC2 says, what the rate card says, and what an hour of it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analyzer.pricing.book import PriceBook, PriceFile, Reservation
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.path import FOREVER, PricePath, Resource
from analyzer.pricing.price import EFFECTIVE, LIST
from analyzer.pricing.rate_card import RateCard, read_rate_card
from analyzer.pricing.reservations import ReservedCapacity, blocks_of, reservations, reserved
from analyzer.pricing.shelf import Shelf
from exporters.source import SourceFailed
from tests.analyzer.pricing.conftest import DAY_SECONDS, HOUR, Aws, Clock, again

ACCOUNT = "123456789012"
START = datetime(2026, 11, 10, 11, 30, tzinfo=UTC)
FROM = round(START.timestamp() * 1e6)
# 4 instances for 48 hours at the 39.33 $/h that a p5.48xlarge block once cost
FEE = 7551.36


def _reservation(name: str, **more: Any) -> dict[str, Any]:
    return {
        "CapacityReservationId": name,
        "OwnerId": ACCOUNT,
        "InstanceType": "p5.48xlarge",
        "AvailabilityZone": "us-east-1a",
        "TotalInstanceCount": 4,
        "AvailableInstanceCount": 1,
        "State": "active",
        "StartDate": START,
        "CreateDate": START - timedelta(days=1),
        "ReservationType": "default",
        **more,
    }


def _answers(aws: Aws, *found: dict[str, Any], calls: int = 1) -> None:
    for _ in range(calls):
        aws.of("sts", "us-east-1").add_response("get_caller_identity", {"Account": ACCOUNT}, {})
    aws.of("ec2", "us-east-1").add_response("describe_capacity_reservations", {"CapacityReservations": list(found)}, {})


def _card(tmp_path: Path, text: str) -> RateCard:
    path = tmp_path / "rates.yaml"
    path.write_text(text)
    return read_rate_card(path)


def _block(name: str, hours: float = 48, start: str = "2026-11-10T11:30:00Z", fee: float = FEE) -> str:
    facts = {"id": name, "instance_type": "p5.48xlarge", "count": 4, "start": start, "hours": hours, "upfront_fee": fee}
    return f"  - {{{', '.join(f'{key}: {value}' for key, value in facts.items())}}}\n"


def _list_path(resource: Resource) -> PricePath:
    return PriceBook([PackagedTable()]).path(resource, FROM, FROM + HOUR)


def _found(aws: Aws, shelf: Shelf, card: RateCard | None = None, basis: str = EFFECTIVE) -> tuple[Reservation, ...]:
    accounts = [kept.value for kept in reserved(shelf, "us-east-1", aws)]
    return reservations(accounts, card, basis, _list_path)


def test_an_odcr_costs_what_its_instances_would_used_or_not(aws: Aws, shelf: Shelf) -> None:
    _answers(aws, _reservation("cr-1"))
    (found,) = _found(aws, shelf)
    assert (found.id, found.kind, found.count, found.unused, found.zone) == ("cr-1", "odcr", 4, 1, "us-east-1a")
    assert (found.start, found.end, found.region) == (FROM, FOREVER, "us-east-1")
    assert found.price is not None
    assert found.price.dollars_per_hour == 55.04
    aws.all_asked()


@pytest.mark.parametrize(
    "more",
    [
        {"State": "cancelled"},
        {"State": "payment-failed"},
        {"OwnerId": "999999999999"},
        {"UnusedReservationBillingOwnerId": "999999999999"},
        {"TotalInstanceCount": 0},
    ],
)
def test_what_the_account_does_not_pay_for_is_left_out(aws: Aws, shelf: Shelf, more: dict[str, Any]) -> None:
    _answers(aws, _reservation("cr-1", **more))
    assert _found(aws, shelf) == ()


@pytest.mark.parametrize("named", ["cr-1", "cb-1"])
def test_a_block_costs_its_fee_over_all_hours_bought(aws: Aws, shelf: Shelf, tmp_path: Path, named: str) -> None:
    block = {"ReservationType": "capacity-block", "EndDate": START + timedelta(hours=48), "CapacityBlockId": "cb-1"}
    _answers(aws, _reservation("cr-1", **block))
    (found,) = _found(aws, shelf, _card(tmp_path, "blocks:\n" + _block(named)))
    assert found.kind == "capacity-block"
    assert found.price is not None
    assert found.price.dollars_per_hour == pytest.approx(39.33)
    hours = (found.end - found.start) / HOUR
    assert found.price.dollars_per_hour * hours * found.count == pytest.approx(FEE)


def test_a_block_without_its_fee_is_unknown_and_on_the_list_basis_as_on_demand(aws: Aws, shelf: Shelf) -> None:
    _answers(aws, _reservation("cr-1", ReservationType="capacity-block", EndDate=START + timedelta(hours=48)), calls=2)
    assert [one.price for one in _found(aws, shelf)] == [None]
    (listed,) = _found(aws, shelf, basis=LIST)
    assert listed.price is not None
    assert listed.price.dollars_per_hour == 55.04


def test_an_extended_block_has_the_price_of_each_part(tmp_path: Path) -> None:
    text = "blocks:\n" + _block("cr-1") + _block("cr-1", 24, "2026-11-12T11:30:00Z", 4800)
    card = _card(tmp_path, text)
    found = reservations([], card, EFFECTIVE, _list_path)
    assert [(one.id, one.price.dollars_per_hour if one.price else None) for one in found] == [
        ("cr-1", pytest.approx(39.33)),
        ("cr-1", 50.0),
    ]
    path = ReservedCapacity(card).path(Resource(reservation_id="cr-1"), FROM, FROM + 73 * HOUR)
    assert path is not None
    assert path.path is not None
    assert path.path.dollars(FROM, FROM + 72 * HOUR) == pytest.approx(48 * 39.33 + 24 * 50.0)
    assert path.path.dollars(FROM, FROM + 73 * HOUR) is None


def test_an_extended_block_of_ec2_is_split_where_its_price_changes(aws: Aws, shelf: Shelf, tmp_path: Path) -> None:
    card = _card(tmp_path, "blocks:\n" + _block("cr-1") + _block("cr-1", 24, "2026-11-12T11:30:00Z", 4800))
    _answers(aws, _reservation("cr-1", ReservationType="capacity-block", EndDate=START + timedelta(hours=72)))
    found = _found(aws, shelf, card)
    assert [((one.end - one.start) / HOUR, one.count) for one in found] == [(48, 4), (24, 4)]


def test_a_node_in_a_block_costs_the_blocks_price_on_the_effective_basis(tmp_path: Path) -> None:
    card = _card(tmp_path, "blocks:\n" + _block("cr-1"))
    node = Resource(instance_type="p5.48xlarge", capacity_type="capacity-block", reservation_id="cr-1")
    sources: list[PriceFile] = [ReservedCapacity(card), PackagedTable()]
    for basis, dollars in ((EFFECTIVE, 39.33), (LIST, 55.04)):
        found = PriceBook(sources, basis).path(node, FROM, FROM + HOUR).dollars(FROM, FROM + HOUR)
        assert found == pytest.approx(dollars)


def test_a_node_that_does_not_name_its_reservation_is_in_the_only_one_that_fits(tmp_path: Path) -> None:
    node = Resource(instance_type="p5.48xlarge", capacity_type="capacity-block")
    one = ReservedCapacity(_card(tmp_path, "blocks:\n" + _block("cr-1"))).path(node, FROM, FROM + HOUR)
    assert one is not None
    assert one.path is not None
    two = ReservedCapacity(_card(tmp_path, "blocks:\n" + _block("cr-1") + _block("cr-2"))).path(node, FROM, FROM + HOUR)
    assert two is not None
    assert (two.path, two.refused) == (None, "the node's reservation is unknown, and 2 may be meant")
    spot = Resource(instance_type="p5.48xlarge", capacity_type="spot")
    assert ReservedCapacity(_card(tmp_path, "blocks:\n" + _block("cr-1"))).path(spot, FROM, FROM + HOUR) is None


def test_a_reservation_that_only_the_card_knows_counts_too(tmp_path: Path) -> None:
    text = "reservations: [{id: rack-1, instance_type: p5.48xlarge, count: 2, per_hour: 44}]"
    (found,) = reservations([], _card(tmp_path, text), EFFECTIVE, _list_path)
    assert (found.kind, found.count, found.start, found.end, found.unused) == ("odcr", 2, 0, FOREVER, None)
    assert found.price is not None
    assert found.price.dollars_per_hour == 44.0


def test_where_ec2_refuses_what_was_kept_stands(aws: Aws, shelf: Shelf, clock: Clock) -> None:
    _answers(aws, _reservation("cr-1"))
    assert len(_found(aws, shelf)) == 1
    clock.seconds += DAY_SECONDS
    aws.refuses("sts", "us-east-1", "get_caller_identity", "ExpiredToken")
    (kept,) = reserved(again(shelf), "us-east-1", aws)
    assert [one.id for one in kept.value.reserved] == ["cr-1"]
    assert "expired" in kept.trouble
    aws.of("sts", "us-east-1").add_response("get_caller_identity", {"Account": ACCOUNT}, {})
    aws.refuses("ec2", "us-east-1", "describe_capacity_reservations")
    (kept,) = reserved(again(shelf), "us-east-1", aws)
    assert "ec2:DescribeCapacityReservations" in kept.trouble


def test_where_ec2_refuses_and_nothing_is_kept_it_fails(aws: Aws, shelf: Shelf) -> None:
    aws.refuses("sts", "us-east-1", "get_caller_identity", "ExpiredToken")
    with pytest.raises(SourceFailed, match="expired"):
        reserved(shelf, "us-east-1", aws)


def test_a_node_in_a_block_that_the_card_knows_by_its_own_id_has_its_price(tmp_path: Path) -> None:
    """The only one that fits, with a warning; of two none, until EC2 says which it is."""
    node = Resource(instance_type="p5.48xlarge", capacity_type="reserved", reservation_id="cr-1")
    one = ReservedCapacity(_card(tmp_path, "blocks:\n" + _block("cb-1"))).path(node, FROM, FROM + HOUR)
    assert one is not None
    assert (one.refused, one.warning) == ("", "cr-1 is taken for cb-1, the only block that fits")
    both = _card(tmp_path, "blocks:\n" + _block("cb-1") + _block("cb-2", fee=2 * FEE))
    two = ReservedCapacity(both).path(node, FROM, FROM + HOUR)
    assert two is not None
    assert two.path is None
    told = ReservedCapacity(both, {"cr-1": "cb-2"}).path(node, FROM, FROM + HOUR)
    assert told is not None
    assert told.path is not None
    assert told.path.dollars(FROM, FROM + HOUR) == pytest.approx(2 * 39.33)
    assert told.warning == ""


def test_the_block_of_a_reservation_is_ec2s_word(aws: Aws, shelf: Shelf) -> None:
    block = {"ReservationType": "capacity-block", "EndDate": START + timedelta(hours=48), "CapacityBlockId": "cb-1"}
    _answers(aws, _reservation("cr-1", **block), _reservation("cr-2"))
    assert blocks_of([kept.value for kept in reserved(shelf, "us-east-1", aws)]) == {"cr-1": "cb-1"}

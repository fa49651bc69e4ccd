"""Capacity that is paid for, used or not: ODCRs and Capacity Blocks, from EC2 and from the rate card.

Needs `ec2:DescribeCapacityReservations`. EC2 does not tell what a block cost: the rate card gives its fee.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from analyzer.pricing import aws
from analyzer.pricing.book import ODCR, Answer, Reservation, is_block_id
from analyzer.pricing.path import FOREVER, PricePath, Resource, Step, constant
from analyzer.pricing.price import CAPACITY_BLOCK, EFFECTIVE, LIST, RESERVED, UNUSED_RESERVATION, Price
from analyzer.pricing.rate_card import CardBlock, CardReservation, RateCard, microseconds
from analyzer.pricing.shelf import Kept, Shelf
from exporters.source import SourceFailed

KIND = "reservations"
FRESH_SECONDS = 900.0
_ACTION = "ec2:DescribeCapacityReservations"
_PAID = frozenset({"active", "expired", "scheduled", "unavailable"})


class Reserved(msgspec.Struct, frozen=True):
    """One reservation as EC2 tells it; times are unix microseconds."""

    id: str
    block_id: str
    kind: str
    instance_type: str
    count: int
    unused: int
    start: int
    end: int
    zone: str


class Account(msgspec.Struct, frozen=True):
    """What one account pays for in one region."""

    region: str
    account: str
    reserved: list[Reserved]


@dataclass(frozen=True, slots=True)
class ReservedCapacity:
    """What the rate card says of reservations and blocks, as a source of prices for the nodes in them. `blocks`: what
    EC2 says is the block of a reservation."""

    card: RateCard
    blocks: Mapping[str, str] = field(default_factory=dict)
    name: str = "reservations of the rate card"

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """By the node's reservation; where that is unknown, by the only one of its kind and type."""
        entries = self._of(resource)
        if not entries:
            return None
        if len({one.id for one in entries}) > 1:
            return Answer(self.name, None, f"the node's reservation is unknown, and {len(entries)} may be meant")
        asked = resource.reservation_id
        is_guessed = asked and entries[0].id not in (asked, self.blocks.get(asked))
        warning = f"{asked} is taken for {entries[0].id}, the only block that fits" if is_guessed else ""
        return Answer(self.name, self.steps(entries).between(start, end), warning=warning)

    def steps(self, entries: Sequence[CardReservation | CardBlock]) -> PricePath:
        """A price while an entry runs, unknown before, between and after."""
        spans = sorted(
            ((microseconds(one.start, 0), microseconds(one.end, FOREVER), one) for one in entries), key=_from
        )
        found: dict[int, Price | None] = {0: None}
        for since, until, entry in spans:
            found[since] = _price(self.card, entry)
            if until < FOREVER:
                found[until] = None
        return PricePath(tuple(Step(at, price) for at, price in sorted(found.items(), key=lambda one: one[0])))

    def named(self, *ids: str) -> list[CardReservation | CardBlock]:
        """The entries of these ids."""
        return [one for one in _entries(self.card) if one.id in ids]

    def _of(self, resource: Resource) -> list[CardReservation | CardBlock]:
        """A block that the card knows by its own id may be the reservation which the node names."""
        if resource.reservation_id:
            named = self.named(resource.reservation_id, self.blocks.get(resource.reservation_id, ""))
            return named or [one for one in self._fitting(resource, CardBlock) if is_block_id(one.id)]
        if resource.capacity_type not in (RESERVED, CAPACITY_BLOCK):
            return []
        return self._fitting(resource, CardBlock if resource.capacity_type == CAPACITY_BLOCK else CardReservation)

    def _fitting(
        self, resource: Resource, kind: type[CardReservation | CardBlock]
    ) -> list[CardReservation | CardBlock]:
        return [
            one
            for one in _entries(self.card)
            if isinstance(one, kind)
            and one.instance_type == resource.instance_type
            and (not one.zone or not resource.zone or one.zone == resource.zone)
        ]


def reserved(shelf: Shelf, region: str, client: aws.Client = aws.client) -> list[Kept[Account]]:
    """What EC2 says that the account pays for in a region; where it does not answer, what was kept of any account."""
    trouble = ""
    if shelf.asks:
        try:
            account = _account(client, region)
            key = f"{region}_{account}"
            return [shelf.get(KIND, key, Account, lambda _: _asked(client, region, account), FRESH_SECONDS)]
        except SourceFailed as error:
            trouble = str(error)
    kept = [one for key in shelf.keys(KIND) if key.startswith(f"{region}_") and (one := shelf.old(KIND, key, Account))]
    if trouble and not kept:
        raise SourceFailed(trouble)
    return [replace(one, trouble=trouble) for one in kept]


def blocks_of(accounts: Sequence[Account]) -> dict[str, str]:
    """The Capacity Block of each reservation that EC2 made for one."""
    return {one.id: one.block_id for account in accounts for one in account.reserved if one.block_id}


def reservations(
    accounts: Sequence[Account],
    card: RateCard | None,
    basis: str,
    path: Callable[[Resource], PricePath],
) -> tuple[Reservation, ...]:
    """Those of EC2 and those that only the card knows, priced on the book's basis. `path` is the book's.

    One whose price changes, as a block that was extended, becomes one for each price.
    """
    ids = {name for account in accounts for one in account.reserved for name in (one.id, one.block_id)}
    found = [(_of_ec2(one, account.region), one.block_id) for account in accounts for one in account.reserved]
    found += [(_of_card(one), "") for one in (_entries(card) if card else []) if one.id not in ids]
    told = ReservedCapacity(card) if card and basis == EFFECTIVE else None
    priced = []
    for one, block_id in found:
        entries = told.named(one.id, block_id) if told else []
        own = told.steps(entries) if told and entries else constant(None)
        priced += [
            replace(one, start=since, end=until, price=price or _hourly(one, basis, path))
            for since, until, price in own.spells(one.start, one.end)
        ]
    return tuple(priced)


def _hourly(one: Reservation, basis: str, path: Callable[[Resource], PricePath]) -> Price | None:
    """An unfilled ODCR costs what its instances would; what a block cost is known from its fee alone."""
    if one.kind == CAPACITY_BLOCK and basis != LIST:
        return None
    asked = Resource(
        instance_type=one.instance_type, capacity_type=UNUSED_RESERVATION, region=one.region, zone=one.zone
    )
    return path(asked).at(one.start)


def _account(client: aws.Client, region: str) -> str:
    with aws.told("sts:GetCallerIdentity", region):
        account: str = client("sts", region).get_caller_identity()["Account"]
    return account


def _asked(client: aws.Client, region: str, account: str) -> Account:
    found = []
    with aws.told(_ACTION, region):
        for page in client("ec2", region).get_paginator("describe_capacity_reservations").paginate():
            found += [_reserved(one) for one in page["CapacityReservations"] if _pays(one, account)]
    return Account(region, account, found)


def _pays(one: dict[str, Any], account: str) -> bool:
    """Reservations of others that are shared with the account are in the answer too."""
    payer = one.get("UnusedReservationBillingOwnerId") or one.get("OwnerId") or account
    return one["State"] in _PAID and payer == account and one["TotalInstanceCount"] > 0


def _reserved(one: dict[str, Any]) -> Reserved:
    return Reserved(
        id=one["CapacityReservationId"],
        block_id=one.get("CapacityBlockId", ""),
        kind=CAPACITY_BLOCK if one.get("ReservationType") == "capacity-block" else ODCR,
        instance_type=one["InstanceType"],
        count=one["TotalInstanceCount"],
        unused=one.get("AvailableInstanceCount", 0),
        start=microseconds(one.get("StartDate") or one["CreateDate"], 0),
        end=microseconds(one.get("EndDate"), FOREVER),
        zone=one.get("AvailabilityZone", ""),
    )


def _of_ec2(one: Reserved, region: str) -> Reservation:
    return Reservation(
        one.id,
        one.kind,
        one.instance_type,
        one.count,
        one.start,
        one.end,
        zone=one.zone,
        region=region,
        unused=one.unused,
    )


def _of_card(one: CardReservation | CardBlock) -> Reservation:
    return Reservation(
        one.id,
        CAPACITY_BLOCK if isinstance(one, CardBlock) else ODCR,
        one.instance_type,
        one.count,
        microseconds(one.start, 0),
        microseconds(one.end, FOREVER),
        zone=one.zone,
        region=one.region,
    )


def _price(card: RateCard, one: CardReservation | CardBlock) -> Price:
    said = f"rate card {card.name}, {'upfront fee' if isinstance(one, CardBlock) else 'reservation'} of {one.id}"
    dollars = card.dollars(one.per_hour, one.currency)
    return Price(dollars, EFFECTIVE, said, card.as_of, one.instance_type, region=one.region)


def _entries(card: RateCard) -> list[CardReservation | CardBlock]:
    return [*card.content.reservations, *card.content.blocks]


def _from(span: tuple[int, int, CardReservation | CardBlock]) -> int:
    return span[0]

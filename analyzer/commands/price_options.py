"""What a command lets one choose about prices: where they come from, and on which basis dollars are told."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.pricing import aws
from analyzer.pricing.book import Fee, PriceBook, PriceFile
from analyzer.pricing.card_prices import CardDiscounts, CardPrices, card_fees
from analyzer.pricing.fees import EksFees
from analyzer.pricing.packaged_table import PackagedTable
from analyzer.pricing.price import EFFECTIVE, LIST
from analyzer.pricing.price_list import PriceList
from analyzer.pricing.rate_card import RateCard, read_rate_card
from analyzer.pricing.reservations import KIND as RESERVATIONS
from analyzer.pricing.reservations import Account, ReservedCapacity, blocks_of, reservations, reserved
from analyzer.pricing.shelf import Shelf, cache_folder, is_export, read_export
from analyzer.pricing.spot_history import SpotHistory
from analyzer.window import Window
from exporters.source import GpuyieldError, SourceError

if TYPE_CHECKING:
    from analyzer.stores.frame import Store


def add_price_arguments(parser: argparse.ArgumentParser) -> None:
    """--prices, --price-basis, --ask-aws, --aws-region, --eks-cluster."""
    chosen = parser.add_argument_group("prices")
    chosen.add_argument(
        "--prices",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a rate card (YAML), or what `gpuyield prices export` wrote; one of each may be given",
    )
    chosen.add_argument(
        "--price-basis",
        choices=(LIST, EFFECTIVE),
        default=LIST,
        help="list: every node as if on demand; effective: spot, discounts and fees as they are paid (default: list)",
    )
    chosen.add_argument(
        "--ask-aws",
        action="store_true",
        help="ask AWS with your credentials: nodes, prices, reservations; its prices are kept (prices refresh)",
    )
    chosen.add_argument(
        "--aws-region", action="append", default=[], metavar="REGION", help="where reservations are; may be repeated"
    )
    chosen.add_argument(
        "--eks-cluster",
        action="append",
        default=[],
        metavar="[REGION/]NAME",
        help="a cluster whose EKS fees are in the bill; the region may be left out where there is one --aws-region",
    )


def shelf_of(arguments: argparse.Namespace, renews: bool = False) -> Shelf | None:
    """Where answers of AWS are: an exported file, else the cache where AWS may be asked, else nowhere."""
    exported = [path for path in arguments.prices if _is_exported(path)]
    if len(exported) > 1:
        raise GpuyieldError(f"--prices {exported[1]}: only one exported file can be used")
    if exported and arguments.ask_aws:
        raise GpuyieldError(f"--prices {exported[0]} says what AWS said: leave --ask-aws out")
    if exported:
        return read_export(exported[0])
    return Shelf(cache_folder(os.environ), asks=True, renews=renews) if arguments.ask_aws else None


def card_of(arguments: argparse.Namespace) -> RateCard | None:
    """The rate card that was given."""
    cards = [path for path in arguments.prices if not _is_exported(path)]
    if len(cards) > 1:
        raise GpuyieldError(f"--prices {cards[1]}: only one rate card can be used; write both into one")
    return read_rate_card(cards[0]) if cards else None


@dataclass(frozen=True, slots=True)
class Priced:
    """A book, and why reservations or fees may be missing from it: a sentence for each trouble."""

    book: PriceBook
    reservation_troubles: list[str]
    fee_troubles: list[str]


def book_of(
    arguments: argparse.Namespace,
    store: Store | None,
    window: Window,
    shelf: Shelf | None = None,
    client: aws.Client = aws.client,
) -> PriceBook:
    """The book that the arguments mean. Karpenter's estimates come from the store, which is read when prices are."""
    return priced(arguments, store, window, shelf, client).book


def priced(
    arguments: argparse.Namespace,
    store: Store | None,
    window: Window,
    shelf: Shelf | None = None,
    client: aws.Client = aws.client,
) -> Priced:
    """The same, with the troubles by what they are of."""
    shelf, card = shelf or shelf_of(arguments), card_of(arguments)
    of_reservations: list[str] = []
    of_fees: list[str] = []
    accounts = list(_accounts(arguments, shelf, client, of_reservations)) if shelf else []
    sources = list(_sources(card, shelf, store, window, client, blocks_of(accounts)))
    fees = card_fees(card) if card else []
    fees += _eks_fees(arguments, shelf, client, of_fees) if shelf else []
    path = partial(PriceBook(sources, arguments.price_basis).path, start=window.start, end=window.end)
    told = reservations(accounts, card, arguments.price_basis, path)
    book = PriceBook(sources, arguments.price_basis, told, fees, [*of_reservations, *of_fees])
    return Priced(book, of_reservations, of_fees)


def _sources(
    card: RateCard | None,
    shelf: Shelf | None,
    store: Store | None,
    window: Window,
    client: aws.Client,
    blocks: dict[str, str],
) -> Iterator[PriceFile]:
    """In the order of trust."""
    services: list[PriceFile] = []
    if shelf:
        currencies = card.content.currencies if card else {}
        services += [SpotHistory(shelf, client), PriceList(shelf, client, currencies)]
    if store:
        from analyzer.pricing.karpenter_estimate import karpenter_estimates

        services.append(karpenter_estimates(store, window))
    services.append(PackagedTable())
    if card:
        yield ReservedCapacity(card, blocks)
        yield CardPrices(card, EFFECTIVE)
        yield CardPrices(card, LIST)
        yield CardDiscounts(card, services)
    yield from services


def _accounts(
    arguments: argparse.Namespace, shelf: Shelf, client: aws.Client, troubles: list[str]
) -> Iterator[Account]:
    for region in arguments.aws_region or ([] if shelf.asks else _kept_regions(shelf)):
        try:
            for kept in reserved(shelf, region, client):
                yield kept.value
                if kept.trouble:
                    troubles.append(f"reservations of {region} are as they were: {kept.trouble}")
        except SourceError as error:
            troubles.append(f"reservations of {region} are unknown: {error}")


def _kept_regions(shelf: Shelf) -> list[str]:
    return sorted({key.split("_")[0] for key in shelf.keys(RESERVATIONS)})


def _eks_fees(arguments: argparse.Namespace, shelf: Shelf, client: aws.Client, troubles: list[str]) -> list[Fee]:
    found: list[Fee] = []
    for region, name in asked_clusters(arguments):
        try:
            found += EksFees(shelf, client).of(region, name)
        except SourceError as error:
            troubles.append(f"the EKS fees of {name} are unknown: {error}")
    return found


def asked_clusters(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(region, name) of each --eks-cluster."""
    for text in arguments.eks_cluster:
        region, _, name = text.rpartition("/")
        if not region and len(arguments.aws_region) != 1:
            raise GpuyieldError(f"--eks-cluster {text}: write REGION/{text}, or give one --aws-region")
        yield region or arguments.aws_region[0], name


def _is_exported(path: Path) -> bool:
    try:
        return is_export(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise GpuyieldError(f"--prices {path} cannot be read: {error}") from error

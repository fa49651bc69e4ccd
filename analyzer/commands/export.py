"""`gpuyield export`: hands over to the exporters, and has what a cluster costs told beside what it does."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from analyzer.commands.price_options import add_price_arguments, card_of, priced, shelf_of
from analyzer.pricing.shelf import Shelf
from analyzer.window import MICROSECONDS, Window
from exporters.commands import export
from exporters.source import Roster

if TYPE_CHECKING:
    from analyzer.pricing.live import Book
    from exporters.cluster.collector import ClusterRoster

_HOUR = 3600 * MICROSECONDS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be exported, and where the prices of a cluster come from."""
    add_price_arguments(export.add_arguments(parser))


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    if arguments.export != "cluster":
        return export.run(arguments)
    card_of(arguments)  # what is wrong with a file is said before anything is served
    shelf = shelf_of(arguments)
    return export.run(arguments, lambda cluster: _price_roster(arguments, shelf, cluster))


def _price_roster(arguments: argparse.Namespace, shelf: Shelf | None, cluster: ClusterRoster) -> Roster:
    from analyzer.pricing.live import LivePrices
    from analyzer.pricing.live_sources import PriceRoster

    return PriceRoster(LivePrices(lambda: _book(arguments, shelf), cluster.nodes))


def _book(arguments: argparse.Namespace, shelf: Shelf | None) -> Book:
    """Of now; AWS is asked for what is not young any more."""
    from analyzer.pricing.live import Book

    now = round(time.time() * MICROSECONDS)
    anew = shelf and Shelf(shelf.folder, shelf.asks, clock=shelf.clock, documents=shelf.documents)
    found = priced(arguments, None, Window(now, now + _HOUR), anew)
    return Book(found.book, tuple(found.reservation_troubles), tuple(found.fee_troubles))

"""What the nodes of a running cluster cost now. Prices are looked up on a thread of their own, so that whoever tells of
them waits for nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, Thread

from analyzer.pricing.book import PriceBook
from analyzer.pricing.path import PricePath, Resource
from analyzer.window import MICROSECONDS
from exporters.agent.sampling import place_of
from exporters.cluster import node_life
from exporters.cluster.objects import Node
from exporters.source import GpuyieldError, SourceFailed

_NEW_BOOK_SECONDS = 900.0
_AFTER_TROUBLE_SECONDS = 60.0

Nodes = Callable[[], Mapping[str, Node]]  # those of this moment, by uid


@dataclass(frozen=True, slots=True)
class Book:
    """A price book of this moment. Troubles: why reservations, or fees, may be missing from it."""

    prices: PriceBook
    reservation_troubles: tuple[str, ...] = ()
    fee_troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PricedNode:
    """`node` as it was when it was priced: another object may cost something else."""

    node: Node
    path: PricePath


class LivePrices:
    """Makes a book every quarter of an hour with `make_book`, which may take its time, and prices new nodes with it."""

    def __init__(self, make_book: Callable[[], Book], nodes: Nodes, look_seconds: float = 5.0) -> None:
        self.nodes = nodes
        self._make_book = make_book
        self._look_seconds = look_seconds
        self._stop = Event()
        self._lock = Lock()
        self._book: Book | None = None
        self._priced: Mapping[str, PricedNode] = {}
        self._trouble = "prices are being looked up for the first time"
        self._due = 0.0  # monotonic, of the next book
        self._thread = Thread(target=self._run, name="look up prices", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def now(self) -> tuple[Book, Mapping[str, PricedNode]]:
        """The book, and the nodes that it has priced by uid; raises why there is none."""
        with self._lock:
            if self._book is None:
                raise SourceFailed(self._trouble)
            return self._book, self._priced

    def _run(self) -> None:
        while not self._stop.is_set():
            self._stop.wait(self._round())

    def _round(self) -> float:
        """The seconds to wait before the next one."""
        try:
            book, known = self._book, self._priced
            if book is None or time.monotonic() >= self._due:
                book, known = self._make_book(), {}
                self._due = time.monotonic() + _NEW_BOOK_SECONDS
            self._put(book, self._look_up(book.prices, known), "")
            return self._look_seconds
        except GpuyieldError as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001 - a fault met in one price must not end the telling of all
            trouble = place_of(error)
        self._put(None, {}, trouble)
        return _AFTER_TROUBLE_SECONDS

    def _look_up(self, book: PriceBook, known: Mapping[str, PricedNode]) -> dict[str, PricedNode]:
        start = round(time.time() * MICROSECONDS)
        end = start + round(_NEW_BOOK_SECONDS * MICROSECONDS)
        found = {}
        for uid, node in self.nodes().items():
            one = known.get(uid)
            is_same = one is not None and one.node is node
            found[uid] = one if one and is_same else PricedNode(node, book.path(resource_of(node), start, end))
        return found

    def _put(self, book: Book | None, priced: Mapping[str, PricedNode], trouble: str) -> None:
        with self._lock:
            self._book, self._priced, self._trouble = book, priced, trouble


def resource_of(node: Node) -> Resource:
    """The node as prices are asked for."""
    label = node.metadata.label
    return Resource(
        node=node.metadata.name,
        provider_id=node.spec.provider_id,
        instance_type=label(*node_life.INSTANCE_TYPE),
        capacity_type=label(*node_life.CAPACITY_TYPE).lower().replace("_", "-"),
        region=label(*node_life.REGION),
        zone=label(*node_life.ZONE),
        reservation_id=label(*node_life.RESERVATION),
    )

"""The price book: asks each source in the order of trust, takes the first that counts, and can say why (DESIGN 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from analyzer.pricing.path import FOREVER, PricePath, Resource, constant
from analyzer.pricing.price import CAPACITY_BLOCK, EFFECTIVE, LIST, ON_DEMAND, RESERVED, SPOT, Price
from exporters.source import SourceError

ODCR = "odcr"

# What on-demand list prices say nothing of: their true price is another one.
_OWN_MARKET = frozenset({SPOT, CAPACITY_BLOCK})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one source said of a resource: a path, or in `refused` why it does not count."""

    source: str
    path: PricePath | None
    refused: str = ""
    warning: str = ""  # what a reader of the report must know of this price
    is_winner: bool = False


class PriceFile(Protocol):
    """One source of prices."""

    @property
    def name(self) -> str:
        """How reports call it."""

    def path(self, resource: Resource, start: int, end: int) -> Answer | None:
        """What it says of a resource between two times; nothing where it knows nothing of it."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Capacity that is paid for, used or not: an ODCR or a Capacity Block. Times are unix microseconds."""

    id: str
    kind: str  # odcr or capacity-block
    instance_type: str
    count: int  # instances
    start: int
    end: int = FOREVER
    price: Price | None = None  # of one instance for an hour on the book's basis; nothing: unknown, never free
    zone: str = ""
    region: str = ""
    unused: int | None = None  # instances not launched when it was asked for

    @property
    def capacity_type(self) -> str:
        """Of the nodes in it."""
        return CAPACITY_BLOCK if self.kind == CAPACITY_BLOCK else RESERVED


def is_block_id(name: str) -> bool:
    """Whether it names a Capacity Block itself. Nodes are labelled with the reservation that EC2 made for it (cr-)."""
    return name.startswith("cb-")


@dataclass(frozen=True, slots=True)
class Fee:
    """A line of its own in the bill, per hour: of a cluster, or of each Auto Mode node of `instance_type`."""

    name: str
    cluster: str
    path: PricePath
    instance_type: str = ""


class PriceBook:
    """Sources in the order of trust, on one basis.

    On the list basis every EC2 node costs what it would cost on demand. On the effective basis a source that knows
    the real price goes before any list price; a list price stands in only where it is what is paid: never for spot
    and Capacity Blocks.
    """

    def __init__(
        self,
        sources: Sequence[PriceFile],
        basis: str = LIST,
        reservations: Sequence[Reservation] = (),
        fees: Sequence[Fee] = (),
        warnings: Sequence[str] = (),
    ) -> None:
        self.sources = tuple(sources)
        self.basis = basis
        self.reservations = tuple(reservations)
        self.fees = tuple(fees)
        self._warnings = set(warnings)

    @property
    def warnings(self) -> list[str]:
        """What a reader of a report must know of the prices that were given so far."""
        return sorted(self._warnings)

    def path(self, resource: Resource, start: int, end: int) -> PricePath:
        """What the resource costs between two times; unknown where no source counts."""
        first = next(iter(self.why(resource, start, end)), None)
        if first is None or not first.is_winner or first.path is None:
            return constant(None)
        self._warnings |= {first.warning} - {""}
        return first.path

    def why(self, resource: Resource, start: int, end: int) -> list[Answer]:
        """What every source says, the winner first, the others in the order of trust."""
        return ranked(self.sources, as_asked(resource, self.basis), start, end, self.basis)


def as_asked(resource: Resource, basis: str) -> Resource:
    """The resource that is looked up: on the list basis all of EC2 is on demand, also where nobody says how a node was
    bought."""
    if basis == LIST and resource.capacity_type in ("", SPOT, RESERVED, CAPACITY_BLOCK):
        return replace(resource, capacity_type=ON_DEMAND, reservation_id="")
    return resource


def ranked(sources: Sequence[PriceFile], resource: Resource, start: int, end: int, basis: str) -> list[Answer]:
    """The answers of some sources; the one that counts is marked and first."""
    answers = [
        _judged(answer, resource, basis)
        for source in sources
        if (answer := _asked(source, resource, start, end)) is not None
    ]
    counted = [one for one in answers if _counts(one)]
    winner = next((one for one in counted if basis == LIST or not _is_list(one)), next(iter(counted), None))
    if winner is None:
        return answers
    return [replace(winner, is_winner=True), *(one for one in answers if one is not winner)]


def _asked(source: PriceFile, resource: Resource, start: int, end: int) -> Answer | None:
    try:
        return source.path(resource, start, end)
    except SourceError as error:
        return Answer(source.name, None, str(error))


def _counts(answer: Answer) -> bool:
    return answer.path is not None and not answer.refused


def _is_list(answer: Answer) -> bool:
    return answer.path is not None and all(price.basis == LIST for price in answer.path.prices())


def _judged(answer: Answer, resource: Resource, basis: str) -> Answer:
    """The answer, refused where it is of the wrong basis or says nothing."""
    if not _counts(answer):
        return answer
    if not (answer.path and answer.path.prices()):
        return replace(answer, refused="it has no price for this time")
    if basis == LIST and not _is_list(answer):
        return replace(answer, refused="an effective price, and list prices were asked for")
    if basis == EFFECTIVE and _is_list(answer) and resource.capacity_type in _OWN_MARKET:
        return replace(answer, refused=f"an on-demand list price is not what {resource.capacity_type} capacity costs")
    return answer

"""The user's own prices: a YAML file for what no price service knows.

    currency: EUR                    # of the amounts below; default USD
    currencies: {EUR: 1.08}          # dollars for one unit, needed for all but USD
    as_of: 2026-11-01                # default: the file's date
    prices:                          # of a whole node; the first that matches speaks
      - match: {provider_id: "eks-hybrid:///*"}        # node, provider_id, instance_type, capacity_type, region, zone
        per_hour: 41.5
      - match: {instance_type: p5.48xlarge, capacity_type: on-demand}
        per_hour: 31.2
        basis: effective             # default; list: also counts where list prices are asked for
        start: 2026-07-01T00:00:00Z  # start and end may be left out
    discounts:                       # EDP and the like, off the list or spot price; the first that matches
      - match: {instance_type: "p5*", region: "us-*", capacity_type: on-demand}
        ratio: 0.12
    reservations:                    # paid by the hour, used or not
      - {id: cr-0abc, instance_type: p5.48xlarge, count: 2, per_hour: 44.0}
    blocks:                          # Capacity Blocks: the id of the block or of its reservation, the whole fee
      - {id: cr-0def, instance_type: p5.48xlarge, count: 4, start: 2026-11-10T11:30:00Z, hours: 48,
         upfront_fee: 7551.36}
    fees:                            # lines of their own
      - {name: support contract, cluster: prod, per_hour: 2.5}

`match` takes `*`, `?` and `[...]`. Capacity types are on-demand, spot, reserved, capacity-block and hybrid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml

from analyzer.pricing.path import Resource
from analyzer.pricing.price import RESERVED, UNUSED_RESERVATION
from analyzer.window import MICROSECONDS
from exporters.source import GpuyieldError

Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0, lt=1e12)]


class RateCardError(GpuyieldError):
    """A rate card cannot be read or contradicts itself."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands in the file; a name that is not understood is a mistake."""


class CardMatch(_Strict, frozen=True):
    """Which nodes are meant; all that is given must fit."""

    node: str = ""
    provider_id: str = ""
    instance_type: str = ""
    capacity_type: str = ""
    region: str = ""
    zone: str = ""

    def fits(self, resource: Resource) -> bool:
        if resource.capacity_type == UNUSED_RESERVATION:
            resource = replace(resource, capacity_type=RESERVED)
        patterns = {name: getattr(self, name) for name in self.__struct_fields__}
        return all(fnmatchcase(getattr(resource, name), pattern) for name, pattern in patterns.items() if pattern)


class CardPrice(_Strict, frozen=True):
    """What a node costs."""

    match: CardMatch
    per_hour: Positive
    basis: Literal["list", "effective"] = "effective"
    currency: str = ""
    start: datetime | None = None
    end: datetime | None = None


class CardDiscount(_Strict, frozen=True):
    """What is taken off; `ratio` 0.12 is 12 percent."""

    match: CardMatch
    ratio: Annotated[float, msgspec.Meta(gt=0, lt=1)]


class CardReservation(_Strict, frozen=True):
    """Capacity paid by the hour; `per_hour` is of one instance."""

    id: Text
    instance_type: Text
    count: Count
    per_hour: Positive
    currency: str = ""
    region: str = ""
    zone: str = ""
    start: datetime | None = None
    end: datetime | None = None


class CardBlock(_Strict, frozen=True):
    """A Capacity Block; `upfront_fee` is of all instances and hours. An extension is an entry of its own."""

    id: Text
    instance_type: Text
    count: Count
    start: datetime
    hours: Positive
    upfront_fee: Positive
    currency: str = ""
    region: str = ""
    zone: str = ""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=self.hours)

    @property
    def per_hour(self) -> float:
        """Of one instance: the fee over all hours that were bought, used or not."""
        return self.upfront_fee / (self.count * self.hours)


class CardFee(_Strict, frozen=True):
    """A line of its own in the bill."""

    name: Text
    per_hour: Positive
    cluster: str = ""
    currency: str = ""


class _Content(_Strict, frozen=True):
    currency: str = "USD"
    currencies: dict[str, Positive] = {}
    as_of: date | None = None
    prices: list[CardPrice] = []
    discounts: list[CardDiscount] = []
    reservations: list[CardReservation] = []
    blocks: list[CardBlock] = []
    fees: list[CardFee] = []


@dataclass(frozen=True, slots=True)
class RateCard:
    """A rate card that was read; every amount in it can be told in dollars."""

    name: str
    as_of: date
    content: _Content

    def dollars(self, per_hour: float, currency: str) -> float:
        """An amount of the file in dollars."""
        unit = currency or self.content.currency
        return per_hour * (1.0 if unit == "USD" else self.content.currencies[unit])


def read_rate_card(path: Path) -> RateCard:
    """The rate card; the error names the entry that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        as_of = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except (OSError, UnicodeDecodeError) as error:
        raise RateCardError(f"{path} cannot be read: {error}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        raise RateCardError(f"{path} is not YAML{f' (line {mark.line + 1})' if mark else ''}") from error
    try:
        read = msgspec.convert(content, _Content)
    except msgspec.ValidationError as error:
        raise RateCardError(f"{path}: {error}") from error
    return RateCard(path.name, read.as_of or as_of, _checked(path, read))


def _checked(path: Path, content: _Content) -> _Content:
    amounts: list[CardPrice | CardReservation | CardBlock | CardFee] = [*content.prices, *content.reservations]
    amounts += [*content.blocks, *content.fees]
    for unit in sorted({one.currency or content.currency for one in amounts} - {"USD", *content.currencies}):
        raise RateCardError(f"{path}: amounts in {unit}, but `currencies` does not say what {unit} 1 is in dollars")
    for number, one in enumerate(content.prices):
        if one.match == CardMatch():
            raise RateCardError(f'{path}: prices[{number}].match names nothing; write instance_type: "*" for all nodes')
    spans: list[CardPrice | CardReservation] = [*content.prices, *content.reservations]
    for timed in spans:
        if timed.start and timed.end and timed.end <= timed.start:
            raise RateCardError(f"{path}: an entry ends at {timed.end}, before it starts at {timed.start}")
    return content


def microseconds(when: datetime | None, otherwise: int) -> int:
    """A time of the file, UTC where it names no zone; `otherwise` where there is none."""
    if when is None:
        return otherwise
    return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * MICROSECONDS)

"""From samples to requests: gathers a period, names what was read, keeps to the budget, and packs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from exporters.metric import Kind, Sample
from exporters.series import Labels
from exporters.sinks.cloudwatch.baselines import Baselines
from exporters.sinks.cloudwatch.budget import Budget
from exporters.sinks.cloudwatch.facts import Facts
from exporters.sinks.cloudwatch.limits import DIMENSION_VALUE_LENGTH, DIMENSIONS, LARGEST_VALUE
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Distribution, Event, Placed, Reading, Set, merged
from exporters.sinks.cloudwatch.periods import Periods
from exporters.sinks.cloudwatch.traffic import Traffic
from exporters.sinks.delivery.batch import Batch, Encoded
from exporters.sinks.kind import Origin

NOT_MAPPED, REPEATED, FIRST, NO_NUMBER, OVER_BUDGET = (
    *("not_mapped", "repeated", "starting_point", "no_number", "over_budget"),
)
Place = Callable[[list[Reading], Facts], Iterable[Placed]]
_Together = tuple[str, int, Labels, tuple[Set, ...]]
Pack = Callable[[list[Event]], Iterable[tuple[Batch, int]]]


@dataclass(frozen=True, slots=True)
class Form:
    """What is sent and how: the names, and the requests."""

    place: Place
    pack: Pack


class CloudWatchEncoder:
    """`traffic` says what has been sent, for its price."""

    def __init__(
        self,
        form: Form,
        origin: Origin,
        budget: Budget,
        period_seconds: int,
        settle_seconds: float,
        baselines: Baselines | None = None,
    ) -> None:
        self._form = form
        self._origin = origin
        self._facts = Facts(origin)
        self._baselines = baselines or Baselines(None)
        self._periods = Periods(period_seconds, settle_seconds, self._baselines.read())
        self._budget = budget
        self.traffic = Traffic(period_seconds)

    @property
    def held(self) -> int:
        return self._periods.held

    @property
    def budget(self) -> Budget:
        return self._budget

    def add(self, samples: Sequence[Sample], now: float) -> Encoded:
        self._facts = Facts.of(samples, self._origin)
        dropped: Counter[str] = Counter()
        for sample in samples:
            if sample.metric.kind is Kind.INFO:
                dropped[NOT_MAPPED] += 1
            elif not abs(sample.value) <= LARGEST_VALUE:
                dropped[NO_NUMBER] += 1
            elif not self._periods.add(sample, self._facts.holders_of(sample)):
                dropped[REPEATED] += 1
        return self._encoded(self._periods.closed(now), dropped, now)

    def flush(self, now: float) -> Encoded:
        return self._encoded(self._periods.all(), Counter(), now)

    def _encoded(self, readings: list[Reading], dropped: Counter[str], now: float) -> Encoded:
        if readings:
            self._baselines.write(self._periods.told)
        known = [reading for reading in readings if reading.values]
        dropped[FIRST] += sum(reading.samples for reading in readings if not reading.values)
        placed = [_bounded(one) for one in self._form.place(known, self._facts) if one.sets]
        dropped[NOT_MAPPED] += sum(one.samples for one in known) - sum(one.samples for one in placed)
        kept, over = self._budget.within(placed, now)
        dropped[OVER_BUDGET] += over
        batches = list(self._form.pack(list(events_of(kept))))
        if readings:
            self.traffic.note(now, len(batches), sum(size for _, size in batches))
        return Encoded([batch for batch, _ in batches], dropped)


def events_of(placed: Iterable[Placed]) -> Iterator[Event]:
    """What can be told together; two of one name and one place are merged."""
    events: dict[_Together, Event] = {}
    parts: dict[_Together, dict[str, tuple[CloudWatchUnit, bool, list[Distribution]]]] = {}
    for one in placed:
        key = one.namespace, one.at, one.fields, one.sets
        event = events.setdefault(key, Event(one.namespace, one.at, one.fields, one.sets))
        event.samples += one.samples
        parts.setdefault(key, {}).setdefault(one.name, (one.unit, one.adds, []))[2].append(one.values)
    for together, event in events.items():
        event.metrics = [(name, unit, merged(found, adds)) for name, (unit, adds, found) in parts[together].items()]
        yield event


def _bounded(one: Placed) -> Placed:
    """Dimensions are plain ASCII and have a length; sets that are too large are left out."""
    sets = tuple(set_ for set_ in one.sets if len(set_) <= DIMENSIONS)
    fields = tuple((name, _plain(value)) for name, value in one.fields)
    return one if (sets, fields) == (one.sets, one.fields) else replace(one, sets=sets, fields=fields)


def _plain(value: str) -> str:
    if value.isascii() and value.isprintable():
        return value[:DIMENSION_VALUE_LENGTH]
    return value.encode("unicode_escape").decode("ascii")[:DIMENSION_VALUE_LENGTH]

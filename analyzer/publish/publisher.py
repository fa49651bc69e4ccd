"""One pass: the closed cells of a store that are not in the totals yet, and those that late data may have changed."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.ledger.ledger import Ledger
from analyzer.publish.amounts import cell_amounts
from analyzer.publish.closed import newest_end, portions
from analyzer.publish.findings import EVERY_SECONDS, finding_rates
from analyzer.publish.newest import Newest, newest_cell
from analyzer.publish.state import read_state, write_state
from analyzer.publish.telling import samples
from analyzer.publish.totals import Totals
from analyzer.stores.frame import Store
from analyzer.window import CELL, CELL_SECONDS, MICROSECONDS, Window
from exporters.agent.clock import Clock
from exporters.canonical.ledger import coverage_ratio, finding_dollars_per_hour
from exporters.metric import Metric, Sample

Opened = Callable[[], AbstractContextManager[Store]]
Computed = Callable[[Store, Window], Ledger]


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds. `settle`: from a cell's end until it is computed. `horizon`: how long it can be corrected.
    `catch_up`: how far back cells are computed that nobody computed in their time. `zero`: how long a new series is
    shown as 0; nothing: not at all. `findings`: the time over which they are looked for, once an hour; 0: never."""

    settle: float
    horizon: float
    catch_up: float
    zero: float | None
    findings: float


@dataclass(slots=True)
class Publisher:
    """Keeps the totals of one state file; without one they are gone with the process."""

    opened: Opened
    computed: Computed
    pace: Pace
    clock: Clock
    state: Path | None = None
    _totals: Totals = field(default_factory=Totals)
    _newest: Newest = field(default_factory=dict)
    _advised: int | None = None  # the end of the time whose findings are told
    samples: tuple[Sample, ...] = ()  # what is to be shown

    def __post_init__(self) -> None:
        if self.state is not None:
            self._totals, self._newest = read_state(self.state)
            self._show()

    def restarted(self) -> None:
        """What the last process showed is not known: new series are shown as 0 once more."""
        self._totals.not_shown()

    def shown(self) -> None:
        """To be called when the samples can be seen."""
        self._totals.shown(self.clock.time())

    def save(self) -> None:
        if self.state is not None:
            write_state(self.state, self._totals, self._newest)

    def run(self) -> None:
        """Raises what the store, the prices or the state file raise; what is told is then as it was, or whole."""
        with self.opened() as store:
            end = newest_end(store.extent(), self.clock.time(), self.pace.settle)
            if end is not None:
                self._catch_up(store, end)
            self._tell()
            if end is not None and self._is_due(end):
                self._advise(store, end)
                self._tell()

    def _tell(self) -> None:
        """Saved before it is shown: what a counter has shown must never be forgotten."""
        self._totals.tell(self.clock.time(), self.pace.zero)
        self.save()
        self._show()

    def _show(self) -> None:
        self.samples = tuple(samples(self._totals, self._newest, self.clock.time()))

    def _catch_up(self, store: Store, end: int) -> None:
        totals = self._totals
        totals.skip(end - round(self.pace.catch_up * MICROSECONDS) // CELL * CELL)
        start = end - CELL if totals.closed is None else totals.closed
        for portion in portions(start, end):
            first = min([portion.start, *totals.cells])
            ledger = self.computed(store, Window(first, portion.end))
            try:
                totals.add(cell_amounts(ledger))
                self._tell_newest(coverage_ratio, newest_cell(ledger))
            finally:
                ledger.inputs.db.close()
            totals.settle(self.pace.horizon)
            self.save()

    def _is_due(self, end: int) -> bool:
        if not self.pace.findings:
            return False
        return self._advised is None or end - self._advised >= EVERY_SECONDS * MICROSECONDS

    def _advise(self, store: Store, end: int) -> None:
        """After the totals, which do not wait for it."""
        ledger = self.computed(store, Window(end - math.ceil(self.pace.findings / CELL_SECONDS) * CELL, end))
        try:
            self._tell_newest(finding_dollars_per_hour, finding_rates(ledger))
        finally:
            ledger.inputs.db.close()
        self._advised = end

    def _tell_newest(self, metric: Metric, found: Newest) -> None:
        """In the place of what was told under this name."""
        kept = {key: value for key, value in self._newest.items() if key[0] != metric.name}
        self._newest = kept | found

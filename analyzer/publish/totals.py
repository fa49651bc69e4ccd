"""Counters that are added up cell by cell: each cell once, late corrections included, and none ever falls.

A correction that takes away from a counter is held back: what is told stays where it is until the cells have caught up
with it. Prometheus would take a fall for a restart and count the whole total again.

A series that is new is told as 0 for half an interval at least before it is told its first amount, since `increase()`
sees only what a series gains after it was scraped for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.publish.amounts import Amounts, Key
from analyzer.window import CELL, MICROSECONDS

# Sums of floats differ in their last digits from one computation to the next; less than a millionth is no correction.
_NOISE = 1_000
_FORGET = 7 * 86_400 * MICROSECONDS


@dataclass(slots=True)
class Total:
    """One counter. `amount` is what its cells add up to, `told` what it shows, in whole billionths; `last_cell` is the
    start of the newest cell that it is in. `zero_since`: from when on it was shown as new, unix seconds."""

    amount: int = 0
    told: int = 0
    last_cell: int = 0
    is_new: bool = True
    zero_since: float | None = None


@dataclass(slots=True)
class Totals:
    """`closed` is the end of the newest cell that is in, `cells` are those that can still be corrected."""

    closed: int | None = None
    series: dict[Key, Total] = field(default_factory=dict)
    cells: dict[int, Amounts] = field(default_factory=dict)
    published: int = 0
    corrected: int = 0
    skipped: int = 0

    def add(self, found: Mapping[int, Amounts]) -> None:
        """New cells, and what is now known of those that can still be corrected; others are left as they are."""
        for cell in sorted(found):
            if cell in self.cells:
                self.corrected += self._replace(cell, self.cells[cell], found[cell])
            elif self.closed is None or cell >= self.closed:
                self.cells[cell] = {}
                self._replace(cell, {}, found[cell])
                self.published += 1
                self.closed = cell + CELL

    def skip(self, until: int) -> None:
        """Leaves out the cells before `until`: nobody will compute them."""
        if self.closed is not None and until > self.closed:
            self.skipped += (until - self.closed) // CELL
            self.closed = until

    def settle(self, horizon_seconds: float) -> None:
        """Cells older than this are final; series that nothing was added to for a week are forgotten."""
        if self.closed is None:
            return
        oldest = self.closed - round(horizon_seconds * MICROSECONDS)
        self.cells = {cell: amounts for cell, amounts in self.cells.items() if cell >= oldest}
        gone = [key for key, one in self.series.items() if one.last_cell < self.closed - _FORGET]
        for key in gone:
            del self.series[key]

    def tell(self, now: float, zero_seconds: float | None) -> None:
        """Moves what is shown up to what the cells add up to, but for series that were not shown as 0 so long."""
        for one in self.series.values():
            if one.is_new:
                since = one.zero_since
                one.is_new = zero_seconds is not None and (since is None or now - since < zero_seconds)
            if not one.is_new:
                one.told = max(one.told, one.amount)

    def shown(self, now: float) -> None:
        """To be called when all that is told can be seen: from now on the zeros of new series count."""
        for one in self.series.values():
            if one.is_new and one.zero_since is None:
                one.zero_since = now

    def not_shown(self) -> None:
        """After a restart: nobody knows whether the zeros of new series were seen."""
        for one in self.series.values():
            one.zero_since = None

    def _replace(self, cell: int, before: Amounts, after: Amounts) -> bool:
        """Whether the cell is another one than before."""
        kept = dict(before)
        is_changed = False
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key, 0), after.get(key, 0)
            one = self.series.setdefault(key, Total())
            one.last_cell = max(one.last_cell, cell)
            if abs(new - old) > _NOISE or key not in before:
                is_changed = is_changed or bool(new - old)
                kept[key] = new
                one.amount += new - old
        self.cells[cell] = kept
        return is_changed

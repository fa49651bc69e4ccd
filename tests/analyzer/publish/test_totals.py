"""Counters that are added up cell by cell."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.publish.amounts import Amounts, Key
from analyzer.publish.totals import Totals
from analyzer.window import CELL

_KEYS: list[Key] = [("ledger_dollars_total", name) for name in "abc"]
_AMOUNTS = st.dictionaries(st.sampled_from(_KEYS), st.integers(0, 10**9).map(lambda n: n * 1_000_000))
_HOUR = 3_600.0


def _told(totals: Totals) -> dict[Key, int]:
    return {key: one.told for key, one in totals.series.items()}


def _summed(cells: dict[int, Amounts]) -> dict[Key, int]:
    return {key: sum(amounts.get(key, 0) for amounts in cells.values()) for key in _KEYS}


@given(st.lists(_AMOUNTS, min_size=1, max_size=20), st.data())
def test_each_cell_counts_once_however_often_it_is_computed(cells: list[Amounts], data: st.DataObject) -> None:
    all_cells = {number * CELL: amounts for number, amounts in enumerate(cells)}
    totals, done = Totals(), 0
    while done < len(cells):
        until = data.draw(st.integers(done + 1, len(cells)))
        since = data.draw(st.integers(max(0, done - 12), done))
        totals.add({number * CELL: cells[number] for number in range(since, until)})
        totals.settle(_HOUR)
        done = until
    totals.tell(0.0, None)
    assert {key: value for key, value in _summed(all_cells).items() if value} == {
        key: value for key, value in _told(totals).items() if value
    }
    assert (totals.published, totals.corrected) == (len(cells), 0)


@given(st.lists(st.lists(_AMOUNTS, min_size=1, max_size=4), min_size=1, max_size=10))
def test_no_counter_falls_and_each_ends_where_its_cells_are_once_they_caught_up(versions: list[list[Amounts]]) -> None:
    """`versions` of each cell: what was known of it first, and what was known later."""
    totals, before = Totals(), dict[Key, int]()
    for number, known in enumerate(versions):
        for amounts in known:
            totals.add({number * CELL: amounts})
            totals.tell(0.0, None)
            assert all(value >= before.get(key, 0) for key, value in _told(totals).items())
            before = _told(totals)
    truth = _summed({number: known[-1] for number, known in enumerate(versions)})
    assert {key: one.amount for key, one in totals.series.items() if one.amount} == {
        key: value for key, value in truth.items() if value
    }
    totals.add({len(versions) * CELL: dict.fromkeys(_KEYS, 10**17)})
    totals.tell(0.0, None)
    assert _told(totals) == {key: value + 10**17 for key, value in truth.items()}


def test_a_late_correction_is_counted_and_the_last_digit_of_a_sum_is_none() -> None:
    totals = Totals()
    totals.add({0: {_KEYS[0]: 5_000_000}})
    totals.add({0: {_KEYS[0]: 5_000_001}})
    assert totals.corrected == 0
    totals.add({0: {_KEYS[0]: 7_000_000}})
    assert totals.corrected == 1


def test_a_new_series_is_zero_until_it_was_seen_so_long() -> None:
    totals = Totals()
    totals.add({0: {_KEYS[0]: 5}})
    totals.tell(100.0, 30.0)
    assert _told(totals) == {_KEYS[0]: 0}
    totals.tell(200.0, 30.0)
    assert _told(totals) == {_KEYS[0]: 0}, "nobody has shown it yet"
    totals.shown(200.0)
    totals.tell(220.0, 30.0)
    assert _told(totals) == {_KEYS[0]: 0}
    totals.not_shown()  # the process was killed
    totals.shown(500.0)
    totals.tell(520.0, 30.0)
    assert _told(totals) == {_KEYS[0]: 0}
    totals.tell(531.0, 30.0)
    assert _told(totals) == {_KEYS[0]: 5}


def test_cells_before_the_catch_up_limit_are_counted_as_skipped_and_never_added_later() -> None:
    totals = Totals()
    totals.add({0: {_KEYS[0]: 1_000_000}})
    totals.skip(5 * CELL)
    totals.add({number * CELL: {_KEYS[0]: 1_000_000} for number in range(7)})
    assert (totals.skipped, totals.published) == (4, 3)
    assert totals.series[_KEYS[0]].amount == 3_000_000


def test_a_series_that_nothing_was_added_to_for_a_week_is_forgotten() -> None:
    totals = Totals()
    totals.add({0: {_KEYS[0]: 1}})
    for day in range(1, 9):
        totals.skip(day * 288 * CELL)
        totals.add({day * 288 * CELL: {_KEYS[1]: 1}})
        totals.settle(_HOUR)
    assert set(totals.series) == {_KEYS[1]}

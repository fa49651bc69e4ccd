"""Counters made of periods: nothing is lost, and no error is made up."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.simulation.neuron_monitor_lines import EccTotals, Process, machine_of
from exporters.sources.neuron.schema import report_of
from exporters.sources.neuron.tallies import EccCount, Tallies
from tests.exporters.sources.neuron.conftest import report

COUNTS = st.lists(st.integers(0, 3), max_size=30)


def total_after(readings: list[int]) -> int:
    count = EccCount()
    for reading in readings:
        count.add(reading)
    return count.total


@given(COUNTS)
def test_a_total_is_taken_for_what_it_is(new: list[int]) -> None:
    assert total_after(list(itertools.accumulate(new))) == sum(new)


@given(COUNTS)
def test_tallies_never_make_up_an_error(new: list[int]) -> None:
    assert total_after(new) <= sum(new)


@given(st.lists(st.integers(1, 9), max_size=12))
def test_rare_events_are_counted_in_full(events: list[int]) -> None:
    assert total_after([reading for event in events for reading in (0, event, 0, 0)]) == sum(events)


@pytest.mark.parametrize(
    ("readings", "total"),
    [
        ([5, 5, 5], 5),  # errors from before this exporter ran
        ([5, 0, 0], 5),  # a tally, or a driver loaded anew
        ([5, 0, 2, 2, 3], 8),  # loaded anew: 2 stays, so it is a total, and 3 is one more
        ([-1, 0], 0),
    ],
)
def test_totals_and_tallies_are_told_apart(readings: list[int], total: int) -> None:
    assert total_after(readings) == total


def test_executions_add_up_over_processes_and_periods() -> None:
    machine = machine_of("trn1.32xlarge")
    processes = [Process("a", [0], lambda _device, _at: 0.5), Process("b", [1], lambda _device, _at: 1.0)]
    tallies = Tallies()
    for _ in range(3):
        tallies.add(report(machine, *processes))
    # (0.5 + 1.0) busy devices x 2 cores x 10 s / 20 ms, three times
    assert tallies.executions["completed"] == 3 * 1500
    assert tallies.executions["timed_out"] == 0
    # 0.5 x 40 % of half the peak x 10 s, three times
    assert tallies.flops[0] == pytest.approx(3 * 0.5 * 0.4 * 190e12 / 2 * 10)


def test_both_names_of_numerical_errors_are_one_kind() -> None:
    tallies = Tallies()
    for name in ("numeric", "numerical"):
        tallies.add(
            report_of(
                b'{"neuron_runtime_data":[{"pid":1,"report":{"execution_stats":{"error_summary":{"%b":2}}}}]}'
                % name.encode()
            )
        )
    assert dict(tallies.errors) == {"numerical": 4}


def test_ecc_errors_are_known_by_device() -> None:
    machine = machine_of("trn1.32xlarge")
    tallies = Tallies()
    tallies.add(report(machine, ecc=EccTotals({(3, "mem_ecc_corrected"): 2})))
    assert tallies.ecc_of(3) == {
        "mem_ecc_corrected": 2,
        "mem_ecc_uncorrected": 0,
        "sram_ecc_corrected": 0,
        "sram_ecc_uncorrected": 0,
    }
    assert tallies.ecc_of(16) == {}

"""What a minute of samples becomes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.canonical import device, ledger, nodes, serving
from exporters.metric import Metric, Part, Sample
from exporters.sinks.cloudwatch.baselines import Baselines
from exporters.sinks.cloudwatch.measure import Distribution
from exporters.sinks.cloudwatch.periods import Periods
from tests.exporters.sinks.cloudwatch.conftest import START


def of(metric: Metric, value: float, after: float) -> Sample:
    return metric.sample(value, START + after, **dict.fromkeys(metric.labels, "x"))


def values(*samples: Sample) -> list[tuple[float, Distribution, int]]:
    """Start of each period, its values, and its samples."""
    periods = Periods(60, 0)
    for sample in samples:
        periods.add(sample, ())
    return [(reading.at - START, reading.values, reading.samples) for reading in periods.all()]


def test_an_average_keeps_how_often_each_value_was_seen() -> None:
    told = [of(device.busy_ratio, value, after) for after, value in ((0, 0.5), (10, 1), (20, 0.5), (60, 0))]
    assert values(*told) == [(0, ((0.5, 2.0), (1.0, 1.0)), 3), (60, ((0.0, 1.0),), 1)]


def test_a_state_is_its_last_value() -> None:
    assert values(*(of(nodes.ready, value, after) for after, value in ((0, 1), (10, 1), (20, 0)))) == [
        (0, ((0.0, 1.0),), 3)
    ]


def test_a_counter_is_what_it_grew_by_and_at_first_sight_nothing() -> None:
    told = [of(ledger.dollars_total, value, after) for after, value in ((0, 100), (30, 103), (60, 104), (90, 110))]
    assert values(*told) == [(0, ((3.0, 1.0),), 2), (60, ((7.0, 1.0),), 2)]
    assert values(told[0]) == [(0, (), 1)]


def test_a_counter_that_fell_has_begun_anew() -> None:
    told = [of(device.energy_joules_total, value, after) for after, value in ((0, 100), (10, 120), (20, 5), (30, 6))]
    assert values(*told) == [(0, ((26.0, 1.0),), 4)]


def test_what_was_said_before_is_not_said_again() -> None:
    periods, sample = Periods(60, 0), of(device.busy_ratio, 1, 5)
    assert [periods.add(sample, ()), periods.add(sample, ()), periods.add(of(device.busy_ratio, 0, 4), ())] == [
        True,
        False,
        False,
    ]
    assert periods.held == 1


def test_a_histogram_is_the_middles_of_the_buckets_that_were_hit() -> None:
    metric, labels = serving.queue_seconds, dict.fromkeys(serving.queue_seconds.labels, "x")

    def told(after: float, *counts: float) -> list[Sample]:
        bounds = (0.1, 0.3, math.inf)
        buckets = [
            metric.part(Part.BUCKET, count, START + after, bound, **labels)
            for bound, count in zip(bounds, counts, strict=True)
        ]
        return [*buckets, metric.part(Part.SUM, 1, START + after, **labels)]

    (found,) = values(*told(0, 5, 5, 5), *told(30, 7, 10, 11))
    assert found[1] == ((0.05, 2.0), (0.2, 3.0), (0.3, 1.0))
    assert found[2] == 8


def test_a_period_closes_when_it_is_over_and_settled() -> None:
    periods = Periods(60, 15)
    periods.add(of(device.busy_ratio, 1, 59), ())
    assert periods.closed(START + 74) == []
    assert [reading.at for reading in periods.closed(START + 75)] == [START]
    assert periods.held == 0


def test_a_late_sample_still_stands_in_its_own_minute() -> None:
    periods = Periods(60, 15)
    periods.add(of(device.busy_ratio, 1, 30), ())
    periods.closed(START + 80)
    periods.add(of(device.busy_ratio, 0, 40), ())
    assert [(reading.at, reading.values) for reading in periods.closed(START + 90)] == [(START, ((0.0, 1.0),))]


def test_with_a_folder_a_counter_goes_on_after_a_kill_and_tells_nothing_twice(tmp_path: Path) -> None:
    def grown(amounts: dict[int, float], now: float) -> float:
        """What a process tells of a counter that stands at these amounts, so many seconds after the start."""
        baselines = Baselines(tmp_path)
        periods = Periods(60, 0, baselines.read())
        for after, amount in amounts.items():
            periods.add(of(ledger.dollars_total, amount, after), ())
        readings = periods.closed(START + now)
        baselines.write(periods.told)
        return sum(reading.total for reading in readings)

    assert grown({0: 100, 30: 110, 70: 115}, 60) == 10  # killed before the second minute was told
    assert grown({90: 118, 130: 120}, 180) == 10
    assert grown({200: 1}, 240) == 1  # the counter itself has begun anew


def test_a_file_that_is_no_such_file_is_as_good_as_none(tmp_path: Path) -> None:
    for text in ("", "{}", "[1]", '[["a", "x", [], 1, 2]]'):
        (tmp_path / "counters.json").write_text(text)
        assert Baselines(tmp_path).read() == {}


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 50)), max_size=40))
def test_a_counter_loses_nothing_however_its_samples_fall(points: list[tuple[int, int]]) -> None:
    grown, told = 0, []
    for after, step in sorted(dict(points).items()):
        grown += step
        told.append(of(ledger.dollars_total, grown, after))
    total = sum(value * count for _, found, _ in values(*told) for value, count in found)
    assert total == pytest.approx(grown - (told[0].value if told else 0))

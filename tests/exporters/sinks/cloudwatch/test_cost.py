"""What it costs, by a table of prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.sinks.cloudwatch.cost import prices_of
from exporters.sinks.cloudwatch.put_events import Endpoint
from exporters.sinks.cloudwatch.sink import DATA, INSIGHTS, LOGS, Choice, CloudWatchSink
from exporters.sinks.kind import Around, Origin
from exporters.sinks.plan import plan_lines
from exporters.source import GpuyieldError
from tests.exporters.sinks.cloudwatch.conftest import NODE, START, FixedClock, node_of_gpus


def sink(clock: FixedClock, **more: object) -> CloudWatchSink:
    origin = Origin(NODE, "i-0123456789abcdef0", "p5.48xlarge")
    return CloudWatchSink(Choice("prod", Endpoint(), **more), Around(origin, None, clock, "cloudwatch"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("series", "dollars"), [(238, 71.40), (336, 100.80), (10_000, 3_000), (20_000, 4_000), (250_000, 27_000)]
)
def test_series_are_paid_in_steps(series: int, dollars: float) -> None:
    assert prices_of().of_series(series) == pytest.approx(dollars)


def test_what_is_moved_is_paid_too() -> None:
    assert prices_of().of_log_bytes(1e9 / 730) == pytest.approx(0.50)
    assert prices_of().of_requests(1000 / 730) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("log_gigabyte: 1\n", "'metric_month' is missing"),
        ("metric_month: [{dollars: 0}]\nlog_gigabyte: 1\nput_metric_data_thousand_requests: 1\n", "0 is no price"),
        ("[", "is no table"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "prices.yaml").write_text(text)
    with pytest.raises(GpuyieldError, match=says):
        prices_of(tmp_path / "prices.yaml")


def test_a_plan_says_series_requests_and_dollars_before_anything_is_sent(clock: FixedClock) -> None:
    samples = node_of_gpus(START, 1)
    by_logs = sink(clock, through=LOGS, names=INSIGHTS).plan(samples, 10)
    by_data = sink(clock, through=DATA, names=INSIGHTS).plan(samples, 10)
    # without a Service, which no node knows, 7 fewer than the agent; and 3 counts of the node, 4 of the pod
    assert by_logs.series == by_data.series == 238 - 7 + 3 * 2 + 4 * 3
    assert by_logs.requests_per_hour == 60
    assert by_logs.dollars_per_month == pytest.approx(0.30 * by_logs.series + 0.50 * by_logs.gigabytes_per_month)
    assert by_data.dollars_per_month == pytest.approx(
        0.30 * by_data.series + 0.01 * by_data.requests_per_hour * 730 / 1000
    )


def test_a_plan_counts_counters_and_keeps_to_the_limit(clock: FixedClock) -> None:
    plan = sink(clock, series=30).plan(node_of_gpus(START, 1), 10)
    assert plan.series <= 30
    text = "\n".join(plan_lines([("cloudwatch", plan)]))
    assert "are over the limit of 30 and left out" in text
    assert "by cluster, node, uuid" in text


def test_the_sink_says_what_it_costs_once_it_has_sent(clock: FixedClock) -> None:
    own = sink(clock, names=INSIGHTS)
    assert "telemetry_dollars_per_month" not in {one.metric.name for one in own.about(START)}
    for beat in range(13):
        clock.now = START + 10 * beat
        own._delivery.take(node_of_gpus(clock.now, 1))
    (dollars,) = [one.value for one in own.about(START) if one.metric.name == "telemetry_dollars_per_month"]
    assert dollars == pytest.approx(own.plan(node_of_gpus(START, 1), 10).dollars_per_month, rel=0.01)

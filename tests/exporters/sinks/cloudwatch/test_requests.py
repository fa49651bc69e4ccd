"""Whatever is packed stays within every limit of the service, and nothing of it is lost or told twice."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.sinks.cloudwatch import log_batches as logs
from exporters.sinks.cloudwatch import metric_data as data
from exporters.sinks.cloudwatch.measure import CloudWatchUnit, Distribution, Event
from tests.cloudwatch_double.embedded import Extraction
from tests.cloudwatch_double.log_store import LogStore
from tests.cloudwatch_double.metric_store import MetricStore, Name
from tests.exporters.sinks.cloudwatch.conftest import START

DAY = 86_400
Taken = dict[Name, Counter[tuple[int, float]]]  # of each series, how often a value was seen at a time

distributions = st.dictionaries(
    st.floats(-1e100, 1e100, allow_nan=False), st.integers(1, 9).map(float), min_size=1, max_size=6
).map(lambda found: tuple(sorted(found.items())))
events = st.builds(
    Event,
    st.sampled_from(["gpuyield", "other"]),
    st.integers(int(START) // 60 - 3000, int(START) // 60).map(lambda minute: minute * 60),
    st.just((("cluster", "prod"), ("node", "n1"), ("uuid", 'GPU "0" \\'))),
    st.sampled_from([(("cluster",),), (("cluster",), ("cluster", "node")), ((),)]),
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(list(CloudWatchUnit)), distributions), min_size=1, max_size=4
    ),
    st.integers(0, 50),
)


def many(metrics: int, values: int, sets: int = 1, at: float = START, text: str = "x") -> Event:
    told = [(f"metric_{number}", CloudWatchUnit.NONE, spread(values)) for number in range(metrics)]
    names = [f"dimension_{number}" for number in range(30)]
    fields = tuple((name, text) for name in names)
    return Event("gpuyield", int(at), fields, tuple(tuple(names[: 30 - one]) for one in range(sets)), told, metrics)


def spread(values: int) -> Distribution:
    return tuple((float(value), 2.0) for value in range(values))


def put_logs(told: list[Event], now: float) -> tuple[MetricStore, int]:
    """What became of them in CloudWatch, and how many samples were in the requests."""
    store = MetricStore(lambda: now)
    extraction = Extraction(store)
    group = LogStore(lambda: now, extraction)
    group.create_log_group({"logGroupName": "g"})
    group.create_log_stream({"logGroupName": "g", "logStreamName": "s"})
    samples = 0
    for batch, size in logs.log_batches(told):
        lines = logs.unpacked(batch.body)
        sent = [{"timestamp": line.at, "message": line.message} for line in lines]
        answer = group.put_log_events({"logGroupName": "g", "logStreamName": "s", "logEvents": sent})
        assert "rejectedLogEventsInfo" not in answer
        assert size == sum(line.charged_bytes for line in lines)
        assert batch.at == lines[0].at / 1000
        samples += batch.samples
    assert extraction.errors == []
    return store, samples


def put_data(told: list[Event], now: float) -> tuple[MetricStore, int]:
    store, samples = MetricStore(lambda: now), 0
    for batch, size in data.data_batches(told):
        namespace, sent, counts = data.unpacked(batch.body)
        store.put_metric_data({"Namespace": namespace, "MetricData": sent})
        assert sum(counts) == batch.samples
        assert size <= 1_000_000
        samples += batch.samples
    return store, samples


def taken(store: MetricStore) -> Taken:
    return {
        name: Counter({(at, value): count for at, point in points.items() for value, count in point.values.items()})
        for name, points in store.points.items()
    }


def meant(told: list[Event]) -> Taken:
    found: Taken = {}
    for event in told:
        fields = dict(event.fields)
        for set_ in event.sets:
            for name, _, values in event.metrics:
                key = event.namespace, name, tuple(sorted((label, fields[label]) for label in set_))
                for value, count in values:
                    found.setdefault(key, Counter())[event.at, value] += count  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("put", [put_logs, put_data])
@settings(max_examples=40, deadline=None)
@given(told=st.lists(events, max_size=8))
def test_every_value_arrives_once(put: object, told: list[Event]) -> None:
    assert callable(put)
    store, samples = put(told, START)
    assert taken(store) == meant(told)
    assert samples == sum(event.samples for event in told)


@pytest.mark.parametrize("put", [put_logs, put_data])
@pytest.mark.parametrize(
    "told",
    [
        [many(101, 1)],
        [many(250, 3, sets=4)],
        [many(3, 450)],
        [many(100, 100, text="x" * 900)],
        [many(1001, 1)],
        [many(10, 5, at=START - hours * 3600) for hours in (0, 12, 25, 49, 300)],
        [many(100, 10, sets=20, text="y" * 200)],
    ],
    ids=["101 metrics", "250 metrics", "450 values", "large", "1001 metrics", "two weeks", "more than 1 MB"],
)
def test_what_is_over_a_limit_is_split(put: object, told: list[Event]) -> None:
    assert callable(put)
    store, samples = put(told, START)
    assert taken(store) == meant(told)
    assert samples == sum(event.samples for event in told)


def test_ten_thousand_and_one_events_are_two_requests() -> None:
    told = [many(1, 1, at=START - 60 * (number % 60)) for number in range(10_001)]
    sizes = [len(logs.unpacked(batch.body)) for batch, _ in logs.log_batches(told)]
    assert sum(sizes) == 10_001
    assert max(sizes) <= 10_000


def test_an_event_is_as_small_as_the_older_limit() -> None:
    for batch, _ in logs.log_batches([many(100, 100, text="ü" * 500)]):
        assert all(len(line.message.encode()) <= 262_144 for line in logs.unpacked(batch.body))


def test_one_number_stands_as_a_number() -> None:
    event = Event(
        "gpuyield", int(START), (("cluster", "c"),), (("cluster",),), [("a", CloudWatchUnit.COUNT, ((2.0, 1.0),))]
    )
    ((batch, _),) = logs.log_batches([event])
    assert json.loads(logs.unpacked(batch.body)[0].message) == {
        "_aws": {
            "Timestamp": int(START) * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "gpuyield",
                    "Dimensions": [["cluster"]],
                    "Metrics": [{"Name": "a", "Unit": "Count", "StorageResolution": 60}],
                }
            ],
        },
        "cluster": "c",
        "a": 2.0,
    }

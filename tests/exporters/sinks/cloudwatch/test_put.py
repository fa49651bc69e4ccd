"""boto3 against a strict service: what arrives, what is counted as rejected, and what is tried again."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from exporters.metric import Sample
from exporters.sinks.cloudwatch.client import client
from exporters.sinks.cloudwatch.log_batches import LogEvent, packed
from exporters.sinks.cloudwatch.metric_data import packed as packed_data
from exporters.sinks.cloudwatch.put_data import PutData
from exporters.sinks.cloudwatch.put_events import Endpoint, PutEvents
from exporters.sinks.cloudwatch.sink import DATA, INSIGHTS, LOGS, Choice, CloudWatchSink
from exporters.sinks.delivery.batch import Later, Refused
from exporters.sinks.kind import Around, Origin
from exporters.source import GpuyieldError
from tests.cloudwatch_double.faults import Fault
from tests.cloudwatch_double.server import CloudWatchDouble
from tests.exporters.sinks.cloudwatch.conftest import NODE, START, FixedClock, node_of_gpus

DAY = 86_400
ORIGIN = Origin(NODE, "i-0123456789abcdef0", "p5.48xlarge")


def at_double(double: CloudWatchDouble) -> Endpoint:
    return Endpoint("us-east-1", double.url, 0.5)


@pytest.fixture
def events(double: CloudWatchDouble, clock: FixedClock) -> PutEvents:
    return PutEvents(at_double(double), "/aws/gpuyield/prod/performance", NODE, clock)


@pytest.fixture
def data(double: CloudWatchDouble, clock: FixedClock) -> PutData:
    return PutData(at_double(double), clock)


def lines(*ages: float) -> bytes:
    """A log event of each age, in seconds, with ten samples in it."""
    return packed([LogEvent(int((START - age) * 1000), f"age {age}", 10) for age in ages]).body


def datum(age: float, **more: object) -> dict[str, object]:
    return {"MetricName": "a", "Timestamp": START - age, "Unit": "Count", "Values": [1.0], "Counts": [2.0], **more}


def test_group_and_stream_are_made_when_they_are_missing(double: CloudWatchDouble, events: PutEvents) -> None:
    assert events.send(lines(0)) == {}
    assert double.logs.groups[events.group].streams == {NODE: [(int(START * 1000), "age 0")]}


def test_what_is_too_old_or_too_new_is_counted_and_the_rest_arrives(
    double: CloudWatchDouble, events: PutEvents
) -> None:
    assert events.send(lines(15 * DAY, 14.5 * DAY)) == {"too_old": 20}
    assert events.send(lines(DAY, DAY - 60)) == {}
    assert events.send(lines(60, 0, -3 * 3600)) == {"too_new": 10}
    assert len(double.logs.groups[events.group].streams[NODE]) == 4


def test_the_service_may_reject_more_than_was_foreseen(
    double: CloudWatchDouble, events: PutEvents, clock: FixedClock
) -> None:
    events.send(lines(0))
    double.logs.groups[events.group].retention_days = 1
    assert events.send(lines(1.5 * DAY, 1.2 * DAY, 0.7 * DAY)) == {"expired": 20}
    clock.now -= 13 * DAY  # this machine's clock is behind
    assert events.send(lines(60)) == {"too_new": 10}


def test_metric_data_within_the_window_arrive(double: CloudWatchDouble, data: PutData) -> None:
    body = packed_data("gpuyield", [datum(15 * DAY), datum(0), datum(-3 * 3600)], [5, 6, 7])
    assert data.send(body) == {"too_old": 5, "too_new": 7}
    (point,) = double.metrics.points["gpuyield", "a", ()].values()
    assert (point.count, point.total) == (2, 2)


def test_large_data_are_sent_packed(double: CloudWatchDouble, data: PutData) -> None:
    many = [datum(0, MetricName=f"metric_{number}") for number in range(1000)]
    data.send(packed_data("gpuyield", many, [1] * 1000))
    (request,) = double.requests
    assert len(request.body["MetricData"]) == 1000
    assert request.wire_bytes < len(gzip.compress(packed_data("gpuyield", many, [1] * 1000))) * 3


@pytest.mark.parametrize("unit", ["Watts", "count"])
def test_what_is_not_valid_is_refused_for_good(data: PutData, unit: str) -> None:
    with pytest.raises(Refused, match=r"cloudwatch:PutMetricData: InvalidParameterValue \(HTTP 400\)"):
        data.send(packed_data("gpuyield", [datum(0, Unit=unit)], [1]))


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault.THROTTLE, "ThrottlingException"),
        (Fault.ERROR, "InternalServiceFault"),
        (Fault.CUT, "Connection"),
        (Fault.HANG, "ReadTimeout"),
    ],
)
def test_what_may_go_well_later_is_tried_later(
    double: CloudWatchDouble, data: PutData, events: PutEvents, fault: Fault, says: str
) -> None:
    double.faults = lambda operation: fault
    for sender, body in ((data, packed_data("gpuyield", [datum(0)], [1])), (events, lines(0))):
        with pytest.raises(Later, match=says):
            sender.send(body)
    assert len(double.requests) == 2  # boto3 itself tries nothing twice


def test_a_service_that_is_not_there_is_tried_later(clock: FixedClock) -> None:
    with pytest.raises(Later, match="EndpointConnectionError"):
        PutData(Endpoint("us-east-1", "http://127.0.0.1:9"), clock).send(packed_data("gpuyield", [datum(0)], [1]))


def test_without_credentials_it_waits_for_them(
    double: CloudWatchDouble, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Later, match="no credentials"):
        PutData(Endpoint("eu-central-1", double.url), clock).send(packed_data("gpuyield", [datum(0)], [1]))


def test_without_a_region_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(GpuyieldError, match="region=NAME"):
        client("logs", None, "http://127.0.0.1:9")


def minutes(count: int) -> Iterator[tuple[float, list[Sample]]]:
    for beat in range(6 * count):
        yield START + 10 * beat, node_of_gpus(START + 10 * beat, 1, busy=(beat % 6) / 10)


@pytest.mark.parametrize("through", [LOGS, DATA])
def test_what_a_node_sends_is_read_back_as_container_insights(
    double: CloudWatchDouble, clock: FixedClock, through: str
) -> None:
    choice = Choice("prod", at_double(double), through, INSIGHTS)
    sink = CloudWatchSink(choice, Around(ORIGIN, None, clock, "cloudwatch"))
    for now, samples in minutes(2):
        clock.now = now
        sink.send(samples)
    clock.now += 100
    sink.close(20)
    dimensions = {"ClusterName": "prod", "NodeName": NODE, "InstanceId": ORIGIN.instance_id}
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    stats = ("Average", "Minimum", "Maximum", "SampleCount", "Sum")
    metric = {
        "Namespace": "ContainerInsights",
        "MetricName": "node_gpu_utilization",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    answer = monitoring.get_metric_data(
        MetricDataQueries=[
            {"Id": stat.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}} for stat in stats
        ],
        StartTime=START,
        EndTime=START + 120,
    )
    found = {one["Id"]: one["Values"] for one in answer["MetricDataResults"]}
    assert found == {
        "average": pytest.approx([25, 25]),
        "minimum": [0, 0],
        "maximum": [50, 50],
        "samplecount": [48, 48],
        "sum": pytest.approx([1200, 1200]),
    }
    assert double.extraction.errors == []
    results = {dict(one.labels)["result"]: one.value for one in sink.about(0) if "result" in dict(one.labels)}
    assert sum(results.values()) - results["sent"] - results["left_out"] == sum(len(one) for _, one in minutes(2))


def test_no_key_stands_in_an_error(double: CloudWatchDouble, data: PutData) -> None:
    double.faults = lambda operation: Fault.ERROR
    with pytest.raises(Later) as caught:
        data.send(packed_data("gpuyield", [datum(0)], [1]))
    assert not any(word in str(caught.value) for word in ("not-a-secret", "AKIDEXAMPLE", "Signature"))

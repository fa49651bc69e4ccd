"""The double refuses what CloudWatch refuses, by its documents; else what passes against it would prove nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from exporters.sinks.cloudwatch.client import client
from tests.cloudwatch_double import cbor
from tests.cloudwatch_double.embedded import Extraction
from tests.cloudwatch_double.metric_store import MetricStore
from tests.cloudwatch_double.server import CloudWatchDouble
from tests.exporters.sinks.cloudwatch.conftest import START

DAY = 86_400


def datum(**more: Any) -> dict[str, Any]:
    kinds = {"Value", "Values", "StatisticValues"}
    value = {} if kinds & more.keys() else {"Value": 1.0}
    return {"MetricName": "a", "Timestamp": START, **value, **more}


def dimensions(count: int) -> list[dict[str, str]]:
    return [{"Name": f"d{number}", "Value": "x"} for number in range(count)]


STATISTICS = {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}
REFUSED_DATA: dict[str, list[dict[str, Any]]] = {
    "1001 data": [datum()] * 1001,
    "31 dimensions": [datum(Dimensions=dimensions(31))],
    "151 values": [datum(Values=[float(number) for number in range(151)])],
    "counts of another length": [datum(Values=[1.0, 2.0], Counts=[1.0])],
    "a value twice": [datum(Values=[1.0, 1.0])],
    "no values": [datum(Values=[])],
    "two kinds of value": [datum(Value=1.0, StatisticValues=STATISTICS)],
    "an unknown unit": [datum(Unit="Watts")],
    "too large a number": [datum(Value=2.0**361)],
    "not a number": [datum(Value=float("nan"))],
    "too old": [datum(Timestamp=START - 14 * DAY - 60)],
    "too new": [datum(Timestamp=START + 7_260)],
    "a resolution of 30": [datum(StorageResolution=30)],
    "a blank dimension": [datum(Dimensions=[{"Name": "d", "Value": " "}])],
    "a long name": [datum(MetricName="a" * 256)],
    "not ASCII": [datum(Dimensions=[{"Name": "d", "Value": "ü"}])],
}


@pytest.mark.parametrize("data", REFUSED_DATA.values(), ids=REFUSED_DATA)
def test_metric_data_that_are_refused(double: CloudWatchDouble, data: list[dict[str, Any]]) -> None:
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameter"):
        monitoring.put_metric_data(Namespace="gpuyield", MetricData=data)
    assert double.metrics.points == {}


@pytest.mark.parametrize("namespace", ["AWS/EC2", ":a", "a" * 256])
def test_namespaces_that_are_refused(double: CloudWatchDouble, namespace: str) -> None:
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterValue"):
        monitoring.put_metric_data(Namespace=namespace, MetricData=[datum()])


def test_a_body_of_more_than_1_mb_is_refused_packed_or_not(double: CloudWatchDouble) -> None:
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    large = [datum(MetricName=f"m{number}", Dimensions=dimensions(30)) for number in range(900)]
    for one in large:
        for dimension in one["Dimensions"]:
            dimension["Value"] = "x" * 40
    with pytest.raises(botocore.exceptions.ClientError, match="RequestEntityTooLarge"):
        monitoring.put_metric_data(Namespace="gpuyield", MetricData=large)


def event(after: float = 0, message: str = "x") -> dict[str, Any]:
    return {"timestamp": int((START + after) * 1000), "message": message}


REFUSED_EVENTS: dict[str, list[dict[str, Any]]] = {
    "out of order": [event(10), event(0)],
    "more than a day": [event(-DAY - 1), event(0)],
    "10,001 events": [event()] * 10_001,
    "an event of more than 1 MB": [event(message="x" * 1_048_577)],
    "more than 1 MB with 26 bytes each": [event(message="x" * 524_263)] * 2,
}


@pytest.mark.parametrize("events", REFUSED_EVENTS.values(), ids=REFUSED_EVENTS)
def test_log_events_that_are_refused(double: CloudWatchDouble, events: list[dict[str, Any]]) -> None:
    logs = client("logs", "us-east-1", double.url, 5.0)
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterException"):
        logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    assert double.logs.groups["g"].streams["s"] == []


def test_who_does_not_sign_is_not_heard(double: CloudWatchDouble) -> None:
    request = urllib.request.Request(f"{double.url}/", b"{}", {"X-Amz-Target": "Logs_20140328.PutLogEvents"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    with caught.value:
        assert json.load(caught.value)["__type"] == "MissingAuthenticationTokenException"


def test_an_operation_can_be_added(double: CloudWatchDouble) -> None:
    asked: list[dict[str, Any]] = []
    double.operations["DescribeAlarms"] = lambda request: asked.append(request) or {"MetricAlarms": []}  # type: ignore[func-returns-value]
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    assert monitoring.describe_alarms(AlarmNames=["a"])["MetricAlarms"] == []
    assert asked == [{"AlarmNames": ["a"]}]


Change = Callable[[dict[str, Any]], object]
WRONG_EVENTS: dict[str, Change] = {
    "no member of that name": lambda body: body.pop("a"),
    "a dimension that is a number": lambda body: body.update(d=1),
    "no dimension of that name": lambda body: body.pop("d"),
    "an unknown unit": lambda body: directive(body)["Metrics"][0].update(Unit="Watts"),
    "31 dimensions": lambda body: directive(body).update(Dimensions=[[f"d{n}" for n in range(31)]]),
    "no dimension set": lambda body: directive(body).update(Dimensions=[]),
    "101 metrics": lambda body: directive(body).update(Metrics=[{"Name": "a"}] * 101),
    "101 values": lambda body: body.update(a=list(range(101))),
    "a text": lambda body: body.update(a="1"),
    "a time that is a text": lambda body: body["_aws"].update(Timestamp="1"),
    "a namespace of AWS": lambda body: directive(body).update(Namespace="AWS/Logs"),
}


def embedded() -> dict[str, Any]:
    about = {"Namespace": "n", "Dimensions": [["d"]], "Metrics": [{"Name": "a", "Unit": "Count"}]}
    return {"_aws": {"Timestamp": int(START) * 1000, "CloudWatchMetrics": [about]}, "d": "x", "a": 1}


def directive(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["_aws"]["CloudWatchMetrics"][0]
    return found


@pytest.mark.parametrize("change", WRONG_EVENTS.values(), ids=WRONG_EVENTS)
def test_a_log_event_that_becomes_no_metric(change: Change) -> None:
    extraction = Extraction(MetricStore(lambda: START))
    body = embedded()
    change(body)
    extraction.take(json.dumps(body))
    assert (len(extraction.errors), extraction.store.points) == (1, {})


def test_log_events_that_become_metrics_in_both_versions() -> None:
    extraction = Extraction(MetricStore(lambda: START))
    old = {"CloudWatchMetrics": [directive(embedded())], "Version": "0", "Timestamp": str(int(START) * 1000)}
    extraction.take(json.dumps(embedded()))
    extraction.take(json.dumps({**old, "d": "x", "a": {"Values": [2, 3], "Counts": [1, 2], "Count": 3, "Sum": 8}}))
    extraction.take("plain text")
    extraction.take('{"no": "directive"}')
    assert extraction.errors == []
    ((name, points),) = extraction.store.points.items()
    assert name == ("n", "a", (("d", "x"),))
    assert points[int(START)].values == {1: 1, 2: 1, 3: 2}
    extraction.take('{"_aws": ')
    assert len(extraction.errors) == 1


def test_what_is_read_back_is_that_series_and_no_other(double: CloudWatchDouble) -> None:
    monitoring = client("cloudwatch", "us-east-1", double.url, 5.0)
    for namespace, count in (("n", 1.0), ("other", 5.0)):
        data = [datum(), datum(Dimensions=dimensions(1), Value=7.0), datum(Value=count, Timestamp=START + 60)]
        monitoring.put_metric_data(Namespace=namespace, MetricData=data)
    metric = {"Namespace": "n", "MetricName": "a"}
    answer = monitoring.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}],
        StartTime=START,
        EndTime=START + 300,
    )
    assert answer["MetricDataResults"][0]["Values"] == [2.0]


@pytest.mark.parametrize("value", [0, 23, 24, 70_000, -1, -500, 1.5, "ü", "", [1, [2]], {"a": {"b": None}}, True])
def test_cbor_goes_and_comes(value: Any) -> None:
    assert cbor.loads(cbor.dumps(value)) == value

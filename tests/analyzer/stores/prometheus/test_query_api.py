"""Questions are cut to what a server allows, and every server gives the same samples for the same window."""

from __future__ import annotations

import json

import pytest

from analyzer.stores.prometheus.answers import joined
from analyzer.stores.prometheus.errors import Partial, TooMuch
from analyzer.stores.prometheus.query_api import POINTS_PER_SERIES, QueryApi, RangeSelector, seconds
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from tests.analyzer.stores.prometheus.conftest import Ask, Asked, Reply, Start, json_reply
from tests.analyzer.stores.prometheus.stored import Stored

START = 1_795_500_000_000
MINUTE = 60_000
SELECTOR = Selector.of("a", (Matcher("job", Operator.MATCHES, 'vllm|"x"'),))
Samples = set[tuple[str, int, float]]


def every_second(minutes: int) -> dict[str, list[tuple[int, str]]]:
    times = range(START, START + minutes * MINUTE, 1000)
    return {pod: [(at, str(at - START)) for at in times] for pod in ("one", "two")}


def read(stored: Stored, start: Start, client: Ask, end: int, samples_per_second: float = 0.0) -> Samples:
    """All that is there, and a check that nothing came twice."""
    reader = RangeSelector(QueryApi(client(start(stored).url)), samples_per_second)
    points = joined(list(reader.read(SELECTOR, START, end)))
    rows = [
        (dict(points.series[which].labels)["pod"], at, value)
        for which, at, value in zip(points.which.tolist(), points.at.tolist(), points.values.tolist(), strict=True)
    ]
    assert len(set(rows)) == len(rows)
    return set(rows)


def stored_samples(stored: dict[str, list[tuple[int, str]]], end: int) -> Samples:
    return {(pod, at, float(value)) for pod, row in stored.items() for at, value in row if START <= at <= end}


@pytest.mark.parametrize("is_closed", [True, False], ids=["Prometheus 2", "Prometheus 3"])
@pytest.mark.parametrize("end", [START, START + 999, START + 1000, START + 7 * MINUTE])
def test_both_ends_belong_to_it_on_every_server(start: Start, client: Ask, is_closed: bool, end: int) -> None:
    series = every_second(10)
    series["one"].insert(0, (START - 1, "-1"))  # where a closed window would begin
    found = read(Stored(series, is_closed), start, client, end)
    assert found == stored_samples(series, end)


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("limit", [150, 1000])
def test_what_is_too_much_is_asked_in_halves(start: Start, client: Ask, is_closed: bool, limit: int) -> None:
    series = every_second(17)
    assert read(Stored(series, is_closed, limit), start, client, START + 20 * MINUTE) == stored_samples(
        series, START + 20 * MINUTE
    )


def test_a_minute_that_is_too_much_is_an_error(start: Start, client: Ask) -> None:
    stored = Stored(every_second(5), True, limit_samples=10)
    with pytest.raises(TooMuch, match="too many samples"):
        read(stored, start, client, START + 5 * MINUTE)
    assert len(stored.windows) < 10


def test_slices_follow_what_is_expected(start: Start, client: Ask) -> None:
    stored = Stored(every_second(5), False)
    found = read(stored, start, client, START + 5 * MINUTE, samples_per_second=20_000.0)
    assert found == stored_samples(every_second(5), START + 5 * MINUTE)
    assert [until - first for first, until in stored.windows] == [99_999, 99_999, 99_999, 0]


def test_steps_are_the_same_everywhere_and_never_too_many(start: Start, client: Ask) -> None:
    asked: list[tuple[int, int]] = []

    def play(one: Asked) -> Reply:
        parameters = dict(one.parameters)
        begin, end, step = (round(float(parameters[name]) * 1000) for name in ("start", "end", "step"))
        asked.append((begin, end))
        assert (end - begin) // step + 1 <= POINTS_PER_SERIES
        values = [[at / 1000, "1"] for at in range(begin, end + 1, step)]
        return matrix({"__name__": "a"}, values)

    points = QueryApi(client(start(play).url)).range("a", START + 1, START + 30_000_000, 1000)
    assert points.at.tolist() == list(range(START + 1000, START + 30_000_001, 1000))
    assert len(asked) == 3


def test_nothing_between_two_steps_is_no_question(start: Start, client: Ask) -> None:
    points = QueryApi(client(start(lambda asked: Reply(b"")).url)).range("a", START + 1, START + 999, 1000)
    assert len(points) == 0


def matrix(metric: dict[str, str], values: list[list[object]], **more: object) -> Reply:
    data = {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}
    return json_reply(json.dumps({"status": "success", "data": data, **more}))


@pytest.mark.parametrize(
    ("remark", "is_partial"),
    [
        ("PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)", False),
        ('PromQL info: metric might not be a counter: "partial_total"', False),
        ("results truncated due to limit", True),
        ("No StoreAPIs matched for this query", True),
        ("receive series from Addr: 10.0.0.7:10901: rpc error: code = Unavailable desc = error reading", True),
        ('fetch series for {cluster="a"} sidecar: context deadline', True),
        ("remote_read: remote server http://x/api/v1/read returned HTTP status 500", True),
    ],
)
def test_a_remark_is_passed_on_unless_something_is_missing(
    start: Start, client: Ask, remark: str, is_partial: bool
) -> None:
    remarks: list[str] = []
    reply = matrix({"__name__": "a"}, [[1, "1"]], warnings=[remark], infos=["anything partial"])
    api = QueryApi(client(start(lambda asked: reply).url), on_warning=remarks.append)
    if is_partial:
        with pytest.raises(Partial):
            api.samples("a[5m]", START)
    else:
        assert len(api.samples("a[5m]", START)) == 1
    assert remarks == ([] if is_partial else [remark])


def test_a_storage_node_that_is_away(start: Start, client: Ask) -> None:
    reply = matrix({"__name__": "a"}, [[1, "1"]], isPartial=True)
    with pytest.raises(Partial):
        QueryApi(client(start(lambda asked: reply).url)).samples("a[5m]", START)


def test_a_cut_answer_is_asked_for_again(start: Start, client: Ask) -> None:
    replies = [json_reply('{"status":"success","data":{"resultType":"mat'), matrix({"__name__": "a"}, [[1, "2"]])]
    points = QueryApi(client(start(lambda asked: replies.pop(0)).url)).samples("a[5m]", START)
    assert points.values.tolist() == [2.0]


def test_lists_are_asked_for_with_their_match(start: Start, client: Ask) -> None:
    replay = start(lambda asked: json_reply('{"status":"success","data":[]}'))
    api = QueryApi(client(replay.url), (("dedup", "true"),))
    assert api.label_values("a/b", SELECTOR, START, START + 1500) == []
    assert api.label_values("pod", None, START, START) == []
    assert api.series(SELECTOR, START, START) == []
    assert replay.asked[0].path == "/api/v1/label/a%2Fb/values"
    window = [("start", "1795500000.000"), ("end", "1795500001.500")]
    always = [("nocache", "1"), ("dedup", "true")]
    assert replay.asked[0].parameters == [*window, ("match[]", SELECTOR.promql), *always]
    assert "match[]" not in dict(replay.asked[1].parameters)


def test_the_server_is_told_to_give_up_before_we_do(start: Start, client: Ask) -> None:
    late = json_reply('{"status":"error","errorType":"timeout","error":"query timed out"}', "503 x")
    replay = start(lambda asked: late)
    with pytest.raises(TooMuch):
        QueryApi(client(replay.url, timeout=5.0)).samples("a[5m]", START)
    assert [dict(one.parameters)["timeout"] for one in replay.asked] == ["4.500"]


def test_times_are_exact() -> None:
    assert seconds(1_795_500_653_504) == "1795500653.504"
    assert seconds(1_000) == "1.000"

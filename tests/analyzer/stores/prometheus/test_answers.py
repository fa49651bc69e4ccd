"""Numbers come out of the JSON as the server meant them."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.stores.prometheus.answers import label_sets, matrix, texts, vector
from analyzer.stores.prometheus.errors import Refused, Transient

WORDS = {math.inf: "+Inf", -math.inf: "-Inf"}
Row = list[tuple[int, float]]


def spelled(value: float) -> str:
    return "NaN" if math.isnan(value) else WORDS.get(value, repr(value))


def body(rows: list[Row]) -> bytes:
    result = [
        {
            "metric": {"__name__": "a", "number": str(number)},
            "values": [[at / 1000, spelled(value)] for at, value in row],
        }
        for number, row in enumerate(rows)
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(0, 4_102_444_800_000), st.floats(width=64)), max_size=5), max_size=4))
def test_every_number_comes_back(rows: list[Row]) -> None:
    points = matrix(body(rows), "x", lambda text: None)
    found: list[Row] = [[] for _ in rows]
    for which, at, value in zip(points.which.tolist(), points.at.tolist(), points.values.tolist(), strict=True):
        found[int(dict(points.series[which].labels)["number"])].append((at, value))
    assert [[(at, bits(value)) for at, value in row] for row in found] == [
        [(at, bits(value)) for at, value in row] for row in rows
    ]


def bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack(">d", value)


def test_native_histograms_come_as_classic_ones() -> None:
    text = """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"h","pod":"p"},
        "histograms":[[1.5,{"count":"7","sum":"9.5","buckets":[[0,"0.5","1","2"],[0,"1","2","4"],[0,"2","+Inf","1"]]}]]}]}}"""
    points = matrix(text.encode(), "x", lambda text: None)
    found = {
        (points.series[which].name, dict(points.series[which].labels).get("le", "")): value
        for which, value in zip(points.which.tolist(), points.values.tolist(), strict=True)
    }
    assert found == {
        ("h_bucket", "1.0"): 2,
        ("h_bucket", "2.0"): 6,
        ("h_bucket", "+Inf"): 7,
        ("h_count", ""): 7,
        ("h_sum", ""): 9.5,
    }
    assert set(points.at.tolist()) == {1500}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,', Transient),
        ("<html>please log in</html>", Refused),
        ("", Refused),
        ("[]", Refused),
        ('{"status":"error","errorType":"bad_data","error":"no"}', Refused),
        ('{"status":"success","data":{"result":[{"metric":{"__name__":"a"},"values":[[1,"x"]]}]}}', Refused),
        ('{"status":"success","data":{"result":[{"metric":{"__name__":"a"},"values":[[1,"1"],[2]]}]}}', Refused),
        ('{"status":"success","data":{"result":[{"metric":{"__name__":"a"},"values":[[NaN,"1"]]}]}}', Refused),
    ],
)
def test_what_is_no_answer(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        matrix(text.encode(), "http://x", lambda text: None)


def test_small_answers() -> None:
    def of(kind: str, result: str) -> bytes:
        return f'{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}'.encode()

    def ignore(text: str) -> None:
        del text

    assert vector(of("scalar", '[1,"+Inf"]'), "x", ignore) == [({}, math.inf)]
    assert vector(of("string", '[1,"text"]'), "x", ignore) == []
    assert vector(of("vector", '[{"metric":{"a":"b"},"value":[1,"2"]},{"metric":{}}]'), "x", ignore) == [
        ({"a": "b"}, 2.0)
    ]
    with pytest.raises(Refused):
        vector(of("vector", '[{"metric":{},"value":[1,"two"]}]'), "x", ignore)
    assert texts(b'{"status":"success"}', "x", ignore) == []
    assert label_sets(b'{"status":"success","data":[{"a":"b"}]}', "x", ignore) == [{"a": "b"}]

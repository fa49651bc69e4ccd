"""What is asked, against requests that real servers answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from analyzer.stores.prometheus.remote_read.remote_pb2 import ReadRequest
from analyzer.stores.prometheus.remote_read.request import request_body
from analyzer.stores.prometheus.selector import Matcher, Operator, Selector
from tests.analyzer.stores.prometheus.remote_read.conftest import Recorded, question, unsnapped


def test_the_request_is_the_one_that_a_real_server_answered(kept: Callable[[str], Recorded]) -> None:
    for name in ("prom-3.16/read-stream-tokens", "prom-3.16/read-samples-tokens"):
        asked = kept(name).asked
        (form,) = asked.accepted_response_types
        assert ReadRequest.FromString(unsnapped(request_body(*question(kept(name)), form))) == asked


def test_every_recorded_request_of_one_query_can_be_asked(wire: Path) -> None:
    seen = set()
    for folder in wire.glob("*/read-stream-*"):
        asked = Recorded(folder).asked
        if len(asked.queries) == 1 and asked.queries[0].matchers:
            body = request_body(*question(Recorded(folder)), ReadRequest.STREAMED_XOR_CHUNKS)
            assert ReadRequest.FromString(unsnapped(body)) == asked, folder
            seen |= {matcher.type for matcher in asked.queries[0].matchers}
    assert len(seen) > 1


def test_each_operator_has_its_own_number() -> None:
    matchers = tuple(Matcher("pod", operator, "a|b") for operator in Operator)
    body = request_body(Selector(matchers), -5, 5, ReadRequest.SAMPLES)
    (query,) = ReadRequest.FromString(unsnapped(body)).queries
    assert [one.type for one in query.matchers] == [0, 1, 2, 3]
    assert (query.start_timestamp_ms, query.end_timestamp_ms) == (-5, 5)

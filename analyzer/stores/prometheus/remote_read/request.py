"""What is asked of the remote-read endpoint: one selector over one range, in the form that the server should use."""

from __future__ import annotations

import pyarrow as pa

from analyzer.stores.prometheus.remote_read.remote_pb2 import LabelMatcher, Query, ReadRequest
from analyzer.stores.prometheus.selector import Operator, Selector

PATH = "/api/v1/read"
HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Read-Version": "0.1.0",
}

_TYPES = {
    Operator.EQUAL: LabelMatcher.EQ,
    Operator.NOT_EQUAL: LabelMatcher.NEQ,
    Operator.MATCHES: LabelMatcher.RE,
    Operator.MATCHES_NOT: LabelMatcher.NRE,
}


def request_body(selector: Selector, start: int, end: int, form: ReadRequest.ResponseType) -> bytes:
    """The bytes to post; `start` and `end` are unix milliseconds, both included."""
    matchers = [LabelMatcher(type=_TYPES[one.operator], name=one.label, value=one.value) for one in selector.matchers]
    query = Query(start_timestamp_ms=start, end_timestamp_ms=end, matchers=matchers)
    plain = ReadRequest(queries=[query], accepted_response_types=[form]).SerializeToString()
    return bytes(pa.compress(plain, codec="snappy", asbytes=True))

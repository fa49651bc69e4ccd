"""The form of the page that real clients get, by the headers that they really send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.sinks.negotiation import OPENMETRICS, TEXT, TEXT_1, Form, form_of, takes_gzip

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_NATIVE_HISTOGRAMS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TEXT_ONLY_3 = "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        (PROMETHEUS_3_NATIVE_HISTOGRAMS, OPENMETRICS),
        (TEXT_ONLY_3, TEXT_1),
        (BROWSER, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("application/json", TEXT),
        ("text/plain;version=0.0.4;q=0.5, application/openmetrics-text;q=0.9", OPENMETRICS),
        ("text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.8", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=0", TEXT),
        ("application/openmetrics-text;version=9.9.9", TEXT),
        ("TEXT/PLAIN; VERSION=1.0.0", TEXT_1),
        ("text/plain;q=much", TEXT),
    ],
)
def test_forms(accept: str, form: Form) -> None:
    assert form_of(accept) is form


@pytest.mark.parametrize(
    ("header", "takes"),
    [("gzip", True), ("deflate, gzip;q=0.5", True), ("*", True), ("", False), ("gzip;q=0", False), ("br", False)],
)
def test_gzip_only_for_those_that_can_read_it(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


@given(st.text(max_size=60) | st.text(",;=q.01*/textplain", max_size=60))
def test_any_header_gets_some_page(header: str) -> None:
    assert form_of(header) in (TEXT, TEXT_1, OPENMETRICS)
    takes_gzip(header)

"""What servers that were not recorded say, in their own words, when they refuse."""

from __future__ import annotations

import httpx2
import pytest

from analyzer.stores.prometheus.errors import Refused, TooMuch, Transient, Unauthorised
from analyzer.stores.prometheus.refusal import refusal, retry_after_seconds
from exporters.source import SourceFailed


def answer(status: int, text: str, content_type: str = "text/plain", **headers: str) -> SourceFailed:
    response = httpx2.Response(status, headers={"content-type": content_type, **headers})
    return refusal(response, text.encode(), "http://x/api/v1/query")


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (
            422,
            "the query exceeded the maximum number of chunks (limit: 2000000 chunks) (err-mimir-max-chunks)",
            TooMuch,
        ),
        (422, "the query time range exceeds the limit (query length: 800h, limit: 721h)", TooMuch),
        (422, "exceeded series limit: limit 10 violated (got 12)", TooMuch),
        (
            503,
            "couldn't start executing the request in 10.000 seconds, since -search.maxConcurrentRequests=8",
            Transient,
        ),
        (422, "cannot execute query: timeout exceeded: 30.000 seconds", TooMuch),
        (422, "not enough memory for processing 100 data points across 9 time series", TooMuch),
        (500, "context deadline exceeded", TooMuch),
        (413, "request entity too large", TooMuch),
        (429, "too many outstanding requests", Transient),
        (422, "too many outstanding requests", Refused),
        (500, "server is shutting down", Transient),
        (504, "upstream request timeout", Transient),
        (403, "no", Unauthorised),
        (405, "Method Not Allowed", Refused),
    ],
)
def test_kind(status: int, text: str, kind: type[SourceFailed]) -> None:
    assert type(answer(status, text)) is kind


def test_words_are_shown_without_the_request_that_the_server_repeats() -> None:
    text = 'remoteAddr: "10.0.0.1:2"; requestURI: /api/v1/export?key=secret&x=1; missing `match[]`\x1b[31m arg\n'
    assert str(answer(400, text)) == "http://x/api/v1/query answers 400 (missing `match[]`[31m arg)"
    assert str(answer(502, "<html>big page</html>", "text/html")) == "http://x/api/v1/query answers 502"


def test_the_end_of_a_long_text_is_shown() -> None:
    shown = str(answer(422, "x" * 5000 + " the reason", "text/plain"))
    assert shown.endswith(" the reason)")
    assert len(shown) < 400


def test_credentials_are_asked_for() -> None:
    error = answer(401, "Unauthorized")
    assert isinstance(error, Unauthorised)
    assert "--bearer-token-file" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=1792567680.0) == seconds

"""What stands at which path of the agent's address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus

from exporters.sinks.prometheus_page import PrometheusPage

_PLAIN = "text/plain; charset=utf-8"
# A kubelet's probes bring no password; these two pages tell nothing but yes or no.
OPEN_PATHS = frozenset({"/-/healthy", "/-/ready"})

_HOME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>gpuyield</title></head>
<body><h1>gpuyield</h1><p>{subject}</p>
<ul><li><a href="/metrics">metrics</a></li><li><a href="/-/healthy">healthy</a></li>
<li><a href="/-/ready">ready</a></li></ul></body></html>
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, without what every answer has."""

    status: HTTPStatus
    body: bytes
    content_type: str = _PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


class Site:
    """Answers by path."""

    def __init__(self, page: PrometheusPage, subject: str, is_ready: Callable[[], bool]) -> None:
        """`subject`: a sentence that says whose page it is."""
        self._page = page
        self._subject = subject
        self._is_ready = is_ready

    def reply(self, path: str, accept: str, accept_encoding: str) -> Reply:
        """To a GET of `path`, which may have a query."""
        match path.partition("?")[0]:
            case "/metrics":
                return self._metrics(accept, accept_encoding)
            case "/-/healthy":
                return Reply(HTTPStatus.OK, b"healthy\n")
            case "/-/ready" if self._is_ready():
                return Reply(HTTPStatus.OK, b"ready\n")
            case "/-/ready":
                return Reply(HTTPStatus.SERVICE_UNAVAILABLE, b"not every source was asked yet\n")
            case "/":
                home = _HOME.format(subject=escape(self._subject))
                return Reply(HTTPStatus.OK, home.encode(), "text/html; charset=utf-8")
        return refusal(HTTPStatus.NOT_FOUND)

    def _metrics(self, accept: str, accept_encoding: str) -> Reply:
        answer = self._page.answer(accept, accept_encoding)
        headers = {"Vary": "Accept, Accept-Encoding"}
        if answer.is_gzip:
            headers["Content-Encoding"] = "gzip"
        return Reply(HTTPStatus.OK, answer.body, answer.content_type, headers)


def refusal(status: HTTPStatus, **headers: str) -> Reply:
    """Says in words what the status says; header names are written with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, f"{status.phrase}\n".encode(), _PLAIN, named)

"""Requests signed for AWS, checked by a server that works the signature out again, from the published recipe."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from exporters.sinks.delivery.batch import Later
from exporters.sinks.otlp.http import HttpTransport
from exporters.sinks.otlp.sigv4 import SigV4
from exporters.sinks.sink import SinkFailed
from tests.exporters.sinks.otlp.test_transports import batch

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI", "the/session+token=="
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/(\w+)/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)"
)


def signature_of(path: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """The one that the request has, and the one that it should have."""
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    assert match
    key, date, region, service, signed, given = match.groups()
    assert (key, service) == (KEY, "monitoring")
    assert {"host", "x-amz-date", "content-type"} <= set(signed.split(";"))
    lines = [f"{name}:{headers[name].strip()}" for name in signed.split(";")]
    canonical = "\n".join(["POST", path, "", *lines, "", signed, hashlib.sha256(body).hexdigest()])
    scope = f"{date}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    secret = f"AWS4{SECRET}".encode()
    for part in (date, region, service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return given, hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


class Cloud:
    """Takes what is signed rightly, and answers 403 to the rest."""

    def __init__(self) -> None:
        cloud = self
        self.headers: list[dict[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers["content-length"]))
                given, right = signature_of(self.path, headers, body)
                cloud.headers.append(headers)
                self.send_response(200 if given == right else 403)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the library
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/metrics"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    one = Cloud()
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.mark.parametrize("token", ["", TOKEN])
def test_each_request_is_signed_for_its_region(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    with closing(HttpTransport(cloud.url, 5.0, time, auth=SigV4("eu-central-1"))) as made:
        for count in (1, 5):
            assert made.send(batch(count).body) == {}
    assert len(cloud.headers) == 2
    assert all("/eu-central-1/monitoring/" in one["authorization"] for one in cloud.headers)
    assert {one.get("x-amz-security-token", "") for one in cloud.headers} == {token}


def test_a_wrong_secret_costs_nothing_but_time_and_is_not_told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with (
        closing(HttpTransport(cloud.url, 5.0, time, auth=SigV4("eu-central-1"))) as made,
        pytest.raises(Later, match="other credentials") as caught,
    ):
        made.send(batch().body)
    assert "another" not in str(caught.value)


def test_credentials_that_are_not_there_yet_are_waited_for(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with (
        closing(HttpTransport(cloud.url, 5.0, time, auth=SigV4("eu-central-1"))) as made,
        pytest.raises(Later, match="credentials"),
    ):
        made.send(batch().body)


def test_a_region_is_needed() -> None:
    with pytest.raises(SinkFailed, match="AWS_DEFAULT_REGION"):
        SigV4(None)

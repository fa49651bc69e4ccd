"""One page over HTTP, whole or not at all."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exporters.recording.fetch import Answer, Fetcher
from exporters.source import SourceFailed
from tests.exporters.recording.conftest import OPENMETRICS, TEXT, FakeTarget

TLS = ssl.create_default_context()


@contextmanager
def fetcher(url: str, timeout: float = 5, token: Path | None = None, limit: int = 1_000_000) -> Iterator[Fetcher]:
    one = Fetcher(url, timeout, TLS, token, limit)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/metrics", Answer(b"a 1\nb 2\n", TEXT)),
        ("/no-newline", Answer(b"a 1\nb 2\n", TEXT)),
        ("/gzip", Answer(b"a 1\na 1\n", TEXT)),
        ("/openmetrics", Answer(b"# TYPE a counter\na_total 1\n# EOF\n", OPENMETRICS)),
        ("/moved", Answer(b"a 1\nb 2\n", TEXT)),
    ],
)
def test_whole(target: FakeTarget, path: str, answer: Answer) -> None:
    with fetcher(target.url(path)) as one:
        assert one.get() == answer
        assert one.get() == answer


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/500", "status 500"),
        ("/html", "content type 'text/html"),
        ("/cut", "complete message"),
        ("/cut-gzip", "cut gzip"),
        ("/bomb", "more than 1,000,000"),
    ],
)
def test_not_whole(target: FakeTarget, path: str, why: str) -> None:
    with fetcher(target.url(path)) as one, pytest.raises(SourceFailed, match=why):
        one.get()


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_too_slow(target: FakeTarget, path: str) -> None:
    started = time.monotonic()
    with fetcher(target.url(path), 0.2) as one, pytest.raises(SourceFailed, match=r"within 0\.2 s"):
        one.get()
    assert time.monotonic() - started < 2


def test_nobody_there() -> None:
    with fetcher("http://me:secret@127.0.0.1:1/?secret") as one, pytest.raises(SourceFailed) as caught:
        one.get()
    assert "secret" not in str(caught.value)


def test_headers_and_a_token_that_rotates(target: FakeTarget, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with fetcher(target.url("/metrics"), token=file) as one:
        for token in ("first", "second"):
            file.write_text(token + "\n")
            one.get()
            assert target.seen[-1]["authorization"] == f"Bearer {token}"
        file.write_text("two words")
        with pytest.raises(SourceFailed, match="one token"):
            one.get()
    accept = target.seen[-1]["accept"]
    assert accept.index("application/openmetrics-text;version=1.0.0") < accept.index("text/plain;version=0.0.4")
    assert target.seen[-1]["accept-encoding"] == "gzip"

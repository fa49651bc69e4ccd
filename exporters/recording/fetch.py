"""Gets one page over HTTP, whole or not at all.

A client per target, so that one that hangs takes no connection from another.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2

from exporters.http_text import reason, unzipped
from exporters.source import SourceFailed

BODY_BYTES = 256 << 20
_CONTENT_TYPES = frozenset({"", "text/plain", "application/openmetrics-text"})
_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole body and its content type, "" where the server did not say."""

    body: bytes
    content_type: str


class Fetcher:
    """Fetches one URL again and again over a kept connection. The token file is read each time: tokens rotate."""

    def __init__(
        self,
        url: str,
        timeout_seconds: float,
        tls: ssl.SSLContext,
        token_file: Path | None = None,
        limit: int = BODY_BYTES,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self.timeout_seconds = timeout_seconds
        self._token_file = token_file
        self._limit = limit
        self._client = httpx2.Client(
            verify=tls,
            timeout=timeout_seconds,
            follow_redirects=not headers,  # a header that is given may be a secret: it goes nowhere else
            trust_env=False,  # targets are near: no proxy, no .netrc
            headers={"Accept": _ACCEPT, "Accept-Encoding": "gzip", "User-Agent": "gpuyield", **(headers or {})},
        )

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def get(self) -> Answer:
        """Raises SourceFailed, whose text is only the reason and holds no part of the URL."""
        headers = {} if self._token_file is None else {"Authorization": f"Bearer {read_token(self._token_file)}"}
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self._client.stream("GET", self._url, headers=headers) as response:
                if response.status_code != 200:
                    raise SourceFailed(f"status {response.status_code}")
                content_type = response.headers.get("content-type", "")
                if content_type.partition(";")[0].strip().lower() not in _CONTENT_TYPES:
                    raise SourceFailed(f"content type {content_type[:60]!r} is no exposition page's")
                return Answer(self._body(response, deadline), content_type)
        except httpx2.TimeoutException:
            raise self._late() from None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
            raise SourceFailed(reason(error)) from error

    def _body(self, response: httpx2.Response, deadline: float) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise SourceFailed("a content encoding that was not asked for")
        raw = self._in_time(response.iter_raw(), deadline)
        body = bytearray()
        for chunk in raw if encoding == "identity" else unzipped(raw, self._limit):
            body += chunk
            if len(body) > self._limit:
                raise SourceFailed(f"a page of more than {self._limit:,} bytes")
        # HTTP vouches that the body is whole: then a last line without its end is whole too.
        framed = "content-length" in response.headers or "transfer-encoding" in response.headers
        if framed and body and not body.endswith(b"\n"):
            body += b"\n"
        return bytes(body)

    def _in_time(self, chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            if time.monotonic() > deadline:
                raise self._late()

    def _late(self) -> SourceFailed:
        return SourceFailed(f"no whole answer within {self.timeout_seconds:g} s")


def read_token(file: Path) -> str:
    """The bearer token of a file; never part of a message."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not ASCII"
        raise SourceFailed(f"the bearer token file {file} cannot be read: {why}") from None
    if not token or not token.isprintable() or " " in token:
        raise SourceFailed(f"the bearer token file {file} does not hold one token")
    return token

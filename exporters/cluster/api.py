"""Asks the API server: one page of a listing, or a watch. It only ever reads; each way to fail has its own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx2
import msgspec

from exporters.cluster.resource import Change, Expired, Page, Reader, Status, Trouble
from exporters.http_text import reason
from exporters.kubernetes.kubeconfig import ApiServer
from exporters.source import SourceAbsent, SourceFailed

_CONNECT_SECONDS = 5.0
_LIST_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 60.0  # that a server may ask for
# The server ends a watch by itself. It sends a bookmark about every minute, so that one which is silent for longer
# has lost its connection; the events watch has no bookmarks and is opened anew more often than it need be.
WATCH_SECONDS = 300
_SILENCE_SECONDS = 90.0

Kept = TypeVar("Kept")


class Forbidden(SourceFailed):
    """The API server knows the user, who may not do this."""


class Busy(SourceFailed):
    """It asks for patience."""

    def __init__(self, text: str, wait_seconds: float) -> None:
        super().__init__(text)
        self.wait_seconds = wait_seconds


class Api:
    """Of one server; may be used by several threads."""

    def __init__(self, server: ApiServer, silence_seconds: float = _SILENCE_SECONDS) -> None:
        self._server = server
        self._silence_seconds = silence_seconds
        self._client = httpx2.Client(
            verify=True if server.tls is None else server.tls,
            auth=server.auth,
            headers={"User-Agent": "gpuyield"},
            timeout=httpx2.Timeout(_LIST_SECONDS, connect=_CONNECT_SECONDS),
        )

    def close(self) -> None:
        self._client.close()

    def page(self, reader: Reader[Kept], limit: int, token: str = "") -> Page[Kept]:
        """A part of the listing. Raises `Expired` where the token is too old."""
        resource = reader.resource
        asked = {"limit": str(limit), "continue": token, "fieldSelector": resource.selector}
        with self._telling(resource.path):
            response = self._client.get(
                self._server.url + resource.path,
                params={key: value for key, value in asked.items() if value},
                headers={"Accept": resource.accept(is_list=True)},
            )
            if response.status_code != 200:
                raise self._refused(resource.path, response)
            return reader.page(response.content)

    def watch(self, reader: Reader[Kept], version: str) -> Iterator[Change[Kept] | None]:
        """What changes after this version, until the server ends it; first None: the watch is open.

        Raises `Expired` where the version is too old.
        """
        resource = reader.resource
        asked = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
            "fieldSelector": resource.selector,
        }
        timeout = httpx2.Timeout(_LIST_SECONDS, connect=_CONNECT_SECONDS, read=self._silence_seconds)
        headers = {"Accept": resource.accept(is_list=False)}
        params = {key: value for key, value in asked.items() if value}
        with (
            self._telling(resource.path),
            self._client.stream(
                "GET", self._server.url + resource.path, params=params, headers=headers, timeout=timeout
            ) as response,
        ):
            if response.status_code != 200:
                response.read()
                raise self._refused(resource.path, response)
            yield None
            for line in _lines(response.iter_bytes()):
                yield reader.change(line)

    @contextmanager
    def _telling(self, path: str) -> Iterator[None]:
        try:
            yield
        except httpx2.TimeoutException:
            raise SourceFailed(f"{self._server}: no answer in time to {path}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise SourceFailed(f"{self._server} cannot be reached: {reason(error)}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            raise SourceFailed(f"{self._server}: the answer to {path} has not the shape of the API") from None
        except Trouble as trouble:
            raise SourceFailed(f"{self._server} ends the watch of {path}: {trouble}") from None

    def _refused(self, path: str, response: httpx2.Response) -> Exception:
        code, said = response.status_code, _said(response.content)
        match code:
            case 401:
                return SourceFailed(f"{self._server} does not accept the credentials{said}: sign in again")
            case 403:
                verbs = "`get`, `list` and `watch`"
                return Forbidden(
                    f"{self._server} does not let {path} be read{said}: a role with {verbs} on it is needed"
                )
            case 404:  # text/plain for a kind that no CRD defines
                return SourceAbsent(f"{self._server} has no {path}")
            case 410:
                return Expired()
            case 429 | 503 | 504:
                return Busy(f"{self._server} answers {path} with status {code}{said}", _retry_after(response))
        return SourceFailed(f"{self._server} answers {path} with status {code}{said}")


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines only: what stands after the last newline was cut off."""
    rest: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for start in others:
            if line := b"".join(rest).strip():
                yield line
            rest = [start]


def _said(body: bytes) -> str:
    try:
        status = msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return f" ({status.message[:300]})" if status.message else ""


def _retry_after(response: httpx2.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), _LONGEST_WAIT_SECONDS) if text.isdecimal() else 0.0

"""Reads Services from the API server; each way that this fails has its own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from analyzer.stores.prometheus.errors import Refused, Transient, Unauthorised
from analyzer.stores.prometheus.in_cluster.service import Service, ServiceList
from exporters.http_text import reason
from exporters.kubernetes.kubeconfig import ApiServer
from exporters.source import SourceFailed

_Kind = TypeVar("_Kind", Service, ServiceList)
INSTEAD = "or give --prometheus URL"
_CONNECT_SECONDS = 5.0  # a private API server out of reach swallows packets; kubectl would hang for half a minute


class Forbidden(Unauthorised):
    """The API server knows the user, who may not do this."""


class Status(msgspec.Struct, frozen=True):
    """How the API server itself says no, in its own name and not in that of a Service."""

    kind: Literal["Status"]
    message: str = ""

    @classmethod
    def of(cls, body: bytes) -> Status | None:
        """None where the body is something else."""
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


class Asker:
    """Reads from one API server."""

    def __init__(self, server: ApiServer, client: httpx2.Client) -> None:
        self._server = server
        self._client = client

    def services(self, namespace: str | None = None) -> tuple[Service, ...]:
        """All of a namespace or, without one, of the cluster. Raises `Forbidden`."""
        place = "" if namespace is None else f"namespaces/{quote(namespace, safe='')}/"
        # Version 0 lets the API server answer from its cache: cheap, and hardly a second old.
        body = self._get(f"/api/v1/{place}services?resourceVersion=0")
        if body is None:
            raise SourceFailed(f"{self._server} has no listing of Services: is it one? Else give --prometheus URL")
        return self._decoded(body, ServiceList).items

    def service(self, namespace: str, name: str) -> Service | None:
        """One by its name; None where there is none. Raises `Forbidden`."""
        body = self._get(f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{name}")
        return None if body is None else self._decoded(body, Service)

    def _get(self, path: str) -> bytes | None:
        """None where the path does not exist."""
        try:
            response = self._client.get(self._server.url + path)
        except SourceFailed as failed:  # cannot sign in
            raise SourceFailed(f"{failed}, {INSTEAD}") from None
        except httpx2.TimeoutException:
            raise self._unreached("no answer in time") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._unreached(reason(error)) from None
        if response.status_code in (200, 404):
            return response.content if response.status_code == 200 else None
        raise self._refused(response)

    def _refused(self, response: httpx2.Response) -> SourceFailed:
        code, said = response.status_code, _said(response.content)
        if code == 401:
            return Unauthorised(
                f"{self._server} does not accept the credentials of the kubeconfig: sign in again until "
                f"`kubectl get services` works, {INSTEAD}",
                code,
            )
        if code == 403:
            return Forbidden(
                f"{self._server} lets this user read no Services{said}: ask for `get` and `list` on `services`, "
                f"{INSTEAD}",
                code,
            )
        if code == 429 or code >= 500:
            return Transient(f"{self._server} answers with status {code}{said}: try again, {INSTEAD}")
        return Refused(f"{self._server} answers with status {code}{said}: is it one? Else give --prometheus URL", code)

    def _decoded(self, body: bytes, kind: type[_Kind]) -> _Kind:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SourceFailed(
                f"{self._server} answers with no Services: is it one? Else give --prometheus URL"
            ) from None

    def _unreached(self, why: str) -> Transient:
        return Transient(f"{self._server} cannot be reached: {why}; see that `kubectl get services` works, {INSTEAD}")


@contextmanager
def asking(server: ApiServer, timeout_seconds: float) -> Iterator[Asker]:
    """A connection for the time of the block; goes through the environment's proxy, as kubectl does."""
    timeout = httpx2.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds))
    headers = {"Accept": "application/json", "User-Agent": "gpuyield"}
    verify = True if server.tls is None else server.tls
    with httpx2.Client(verify=verify, auth=server.auth, timeout=timeout, headers=headers) as client:
        yield Asker(server, client)


def _said(body: bytes) -> str:
    status = Status.of(body)
    return f" ({status.message[:300]})" if status is not None and status.message else ""

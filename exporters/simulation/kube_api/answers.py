"""Listings of the simulated API server: pages of one version, tokens that lead to the next page, and refusals."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from exporters.simulation.kube_api.cluster import Cluster
from exporters.simulation.kube_api.kind import Kind
from exporters.simulation.kube_api.metadata import Json

_TOO_OLD = "The provided continue parameter is too old to display a consistent list result."
_INCONSISTENT = -1  # the version of a token that goes on from an expired one: whatever is newest
_EVERYTHING = 1 << 60


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """What is answered with a Status object. `token` leads on with an inconsistent listing."""

    code: HTTPStatus
    reason: str
    message: str
    token: str = ""

    def body(self) -> bytes:
        about = {"continue": self.token} if self.token else {}
        return json.dumps(status(self.code, self.reason, self.message) | {"metadata": about}).encode()


def status(code: HTTPStatus, reason: str, message: str) -> Json:
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**head, "message": message, "reason": reason, "code": int(code)}


def listing(cluster: Cluster, kind: Kind, query: Mapping[str, str], metadata_only: bool) -> bytes:
    """One page. Raises `Refused`."""
    version, start = _place(cluster, query.get("continue", ""))
    limit = int(query.get("limit", "0")) or _EVERYTHING
    found, total = cluster.objects(kind, version, start, limit)
    end = start + len(found)
    about: Json = {"resourceVersion": str(version)}
    if end < total:
        about |= {"continue": _token(version, end), "remainingItemCount": total - end}
    return _body(kind, found, about, metadata_only)


def only_metadata(body: bytes) -> bytes:
    """What is left of an object for those that ask for a PartialObjectMetadata."""
    about = json.dumps(json.loads(body)["metadata"], separators=(",", ":")).encode()
    return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":%b}' % about


def refuse_selectors(kind: Kind, query: Mapping[str, str]) -> None:
    """A selector that is not understood must not look as if it had been heeded."""
    asked = query.get("labelSelector", "") or query.get("fieldSelector", "")
    if asked and asked != kind.selector:
        raise Refused(
            HTTPStatus.BAD_REQUEST, "BadRequest", f"the simulation knows no selector {asked!r} of {kind.path}"
        )


def _body(kind: Kind, found: Sequence[bytes], about: Json, metadata_only: bool) -> bytes:
    if metadata_only:
        name, api_version, items = "PartialObjectMetadata", "meta.k8s.io/v1", [only_metadata(body) for body in found]
    else:
        name, api_version = kind.name, kind.api_version
        items = [kind.named(body) for body in found] if kind.is_custom else list(found)
    head = json.dumps({"kind": f"{name}List", "apiVersion": api_version, "metadata": about}).encode()
    return b'%b,"items":[%b]}' % (head[:-1], b",".join(items))


def _place(cluster: Cluster, token: str) -> tuple[int, int]:
    """The version that a token stands for, and the number of the next object."""
    if not token:
        return cluster.version(), 0
    try:
        read = json.loads(base64.urlsafe_b64decode(token))
        version, start = int(read["rv"]), int(read["start"])
    except (ValueError, KeyError, TypeError):
        raise Refused(HTTPStatus.BAD_REQUEST, "BadRequest", "invalid continue token") from None
    if version == _INCONSISTENT:
        return cluster.version(), start
    if version < cluster.oldest():
        raise Refused(HTTPStatus.GONE, "Expired", _TOO_OLD, _token(_INCONSISTENT, start))
    return version, start


def _token(version: int, start: int) -> str:
    content = {"v": "meta.k8s.io/v1", "rv": version, "start": start}
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()

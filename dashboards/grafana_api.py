"""Brings boards into a Grafana over its HTTP API, and says beforehand what that would change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import httpx2

from exporters.http_text import reason
from exporters.source import GpuyieldError, SourceFailed

Json = dict[str, Any]

_SECONDS = 30.0
_OF_GRAFANA = ("id", "version")  # what the server counts itself
_MESSAGE = "gpuyield boards apply"


class Step(StrEnum):
    """What a board needs to be as it should."""

    MADE = "new"
    CHANGED = "changed"
    SAME = "unchanged"


@dataclass(frozen=True, slots=True)
class Grafana:
    """A server; `folder` is the uid of the folder in which new boards are put, empty: the general one."""

    client: httpx2.Client
    folder: str = ""

    def steps(self, boards: Iterable[Json]) -> Iterator[tuple[Json, Step]]:
        """What each board needs; changes nothing."""
        for board in boards:
            found = self._get(board["uid"])
            if found is None:
                yield board, Step.MADE
            else:
                yield board, Step.SAME if _own(found) == _own(board) else Step.CHANGED

    def put(self, board: Json) -> None:
        """Makes the board or writes over it."""
        body: Json = {"dashboard": {**board, "id": None}, "overwrite": True, "message": _MESSAGE}
        if self.folder:
            body["folderUid"] = self.folder
        self._ask("POST", "/api/dashboards/db", body)

    def _get(self, uid: str) -> Json | None:
        answer = self._ask("GET", f"/api/dashboards/uid/{quote(uid, safe='')}", may_be_missing=True)
        return None if answer is None else answer["dashboard"]

    def _ask(self, method: str, path: str, body: Json | None = None, *, may_be_missing: bool = False) -> Json | None:
        try:
            answer = self.client.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise SourceFailed(f"Grafana does not answer: {reason(error)}") from None
        if answer.status_code == 404 and may_be_missing:
            return None
        if answer.status_code in (401, 403):
            raise GpuyieldError(
                f"Grafana refuses the token ({answer.status_code}): it needs dashboards:read and dashboards:write"
            )
        if answer.status_code != 200:
            raise SourceFailed(f"Grafana answers {answer.status_code} to {method} {path}: {_told(answer.text)}")
        try:
            found: Json = json.loads(answer.text)
        except ValueError:
            raise SourceFailed(
                "that is no Grafana: its answer is not JSON. Give the URL that a browser shows"
            ) from None
        return found


def grafana(url: str, token: str, folder: str = "") -> Grafana:
    """A client for the server at `url`, which may have a path."""
    try:
        found = httpx2.URL(url if "://" in url else f"https://{url}")
        is_usable = found.scheme in ("http", "https") and bool(found.host) and not found.userinfo
    except httpx2.InvalidURL:
        is_usable = False
    if not is_usable:
        raise GpuyieldError("--grafana: write http://HOST:PORT or https://HOST/PATH, without a password in it")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return Grafana(httpx2.Client(base_url=found, headers=headers, timeout=_SECONDS, trust_env=False), folder)


def _own(board: Json) -> Json:
    return {key: value for key, value in board.items() if key not in _OF_GRAFANA}


def _told(text: str) -> str:
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        return "no reason given"
    return str(message)[:200]

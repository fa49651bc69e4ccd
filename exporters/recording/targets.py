"""What is scraped: a URL, the labels that its series get, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx2

from exporters.source import GpuyieldError

_PORTS = {"http": 80, "https": 443}


class TargetError(GpuyieldError):
    """A target cannot be used as it was given."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target. `shown` is its URL without user, password and query, which may hold secrets."""

    url: str
    shown: str
    labels: tuple[tuple[str, str], ...]
    interval_seconds: float


def make_target(url: str, labels: Mapping[str, str], interval_seconds: float) -> Target:
    """`host:port` alone means http and /metrics. `instance` and `job` are given unless `labels` have them."""
    full = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(full)
        if not parts.path:
            parts = parts._replace(path="/metrics")
        place = _place(parts)
        full = parts._replace(fragment="").geturl()
        httpx2.URL(full)
    except (ValueError, httpx2.InvalidURL):
        raise TargetError(
            f"target {_without_secrets(url)} is no URL to scrape: write http://HOST:PORT/metrics"
        ) from None
    named = {"instance": place, "job": "record", **labels}
    return Target(full, f"{parts.scheme}://{place}{parts.path}", tuple(sorted(named.items())), interval_seconds)


def distinct(targets: Iterable[Target]) -> list[Target]:
    """Each target once. Two URLs under the same labels are refused: their samples could not be told apart."""
    by_labels: dict[tuple[tuple[str, str], ...], Target] = {}
    for target in targets:
        other = by_labels.setdefault(target.labels, target)
        if other.url != target.url:
            raise TargetError(
                f"{other.shown} and {target.shown} would write the same series:"
                " give one of them a label of its own in a --targets file, for example job"
            )
    return list(by_labels.values())


def _place(parts: SplitResult) -> str:
    """`host:port`, as Prometheus writes `instance`."""
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("neither http nor https, or no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{parts.port or _PORTS[parts.scheme]}"


def _without_secrets(url: str) -> str:
    return url.partition("?")[0].rpartition("@")[2] or "(empty)"

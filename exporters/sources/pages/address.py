"""Where a page is, and the labels that it cannot know: `http://127.0.0.1:8000/metrics#namespace=ml&pod=llama-0`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from exporters.series import Labels
from exporters.source import GpuyieldError

_PORTS = {"http": 80, "https": 443}
_LABELS = ("namespace", "pod", "instance")
_USUAL_PATH = "/metrics"


class PageAddressError(GpuyieldError):
    """The URL of a page that does not make sense. The text holds no part of its query, which may be secret."""


@dataclass(frozen=True, slots=True)
class PageAddress:
    """`labels` are those that a scraper would attach: `url` has no fragment, which is never sent."""

    source_name: str
    url: str
    labels: Labels


def addresses_of(urls: Iterable[str], node: str) -> list[PageAddress]:
    """Each page once; `node` is the machine that they are on."""
    found: dict[str, PageAddress] = {}
    for url in urls:
        address = address_of(url, node)
        if address.source_name in found:
            raise PageAddressError(f"--pages: {address.source_name} is named twice")
        found[address.source_name] = address
    return list(found.values())


def address_of(url: str, node: str) -> PageAddress:
    """The target's own labels are `instance` and `node`, and what the fragment says."""
    parts = urlsplit(url)
    try:
        place = _place(parts, parts.hostname or "")
    except ValueError:
        raise PageAddressError(f"--pages: the port of {parts.hostname} is not between 0 and 65535") from None
    name = f"pages/{place}{'' if parts.path == _USUAL_PATH else parts.path}"
    instance = _place(parts, node) if _is_this_machine(parts.hostname or "") else place
    labels = {"instance": instance, "node": node} | _fragment(parts.fragment, name)
    return PageAddress(name, parts._replace(fragment="").geturl(), tuple(sorted(labels.items())))


def _place(parts: SplitResult, host: str) -> str:
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_this_machine(host: str) -> bool:
    """Its address means another machine to everybody else: the node's name stands for it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fragment(text: str, name: str) -> dict[str, str]:
    try:
        labels = dict(parse_qsl(text, strict_parsing=True)) if text else {}
    except ValueError:
        raise PageAddressError(f"--pages: {name}: what follows # is written label=value&label=value") from None
    if wrong := sorted(labels.keys() - set(_LABELS)):
        raise PageAddressError(f"--pages: {name}: {wrong[0]!r} is none of {', '.join(_LABELS)}, which may follow #")
    return labels

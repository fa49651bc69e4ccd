"""Which form of a page a client wants, by its headers Accept and Accept-Encoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporters.pages.body import Format


@dataclass(frozen=True, slots=True)
class Form:
    """How a page is written, and what its Content-Type says."""

    format: Format
    content_type: str


# All our names are plain, so that text 1.0.0, which lets names be any UTF-8, looks the same as 0.0.4.
TEXT = Form(Format.TEXT, "text/plain; version=0.0.4; charset=utf-8")
TEXT_1 = Form(Format.TEXT, "text/plain; version=1.0.0; charset=utf-8")
OPENMETRICS = Form(Format.OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8")

_FORMS = {
    ("application/openmetrics-text", "1.0.0"): OPENMETRICS,
    ("application/openmetrics-text", ""): OPENMETRICS,
    ("text/plain", "1.0.0"): TEXT_1,
    ("text/plain", "0.0.4"): TEXT,
    ("text/plain", ""): TEXT,
    ("text/*", ""): TEXT,
    ("*/*", ""): TEXT,
}


def form_of(accept: str) -> Form:
    """The form that the client likes most; plain text where it likes none that we can write."""
    liked = [
        (_quality(parameters), -place, _FORMS[kind, parameters.get("version", "")])
        for place, (kind, parameters) in enumerate(_listed(accept))
        if (kind, parameters.get("version", "")) in _FORMS
    ]
    best = max(liked, key=lambda one: one[:2], default=(0.0, 0, TEXT))
    return best[2] if best[0] > 0 else TEXT


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client can read gzip."""
    qualities = {kind: _quality(parameters) for kind, parameters in _listed(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _listed(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(what, parameters) of each part, in lower case."""
    for part in header.lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind:
            pairs = (parameter.partition("=") for parameter in parameters)
            yield kind, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _quality(parameters: dict[str, str]) -> float:
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0

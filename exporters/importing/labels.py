"""Labels that the command line gives to everything it reads: `--label namespace=chat`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from exporters.source import GpuyieldError

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


class LabelError(GpuyieldError):
    """A label cannot be used as it was given."""


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """`name=value` each; the value may hold further `=` signs, and a later one of the same name wins."""
    labels: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign:
            raise LabelError(f"--label {text}: write NAME=VALUE, for example --label namespace=chat")
        labels[check_label(name, f"--label {text}")] = value
    return labels


def check_label(name: str, where: str) -> str:
    """The name, if Prometheus takes it and it is not the metric's own; `where` begins the message."""
    if not _NAME.fullmatch(name):
        raise LabelError(f"{where}: {name!r} is no label name: letters, digits and _, no digit first")
    if name == "__name__":
        raise LabelError(f"{where}: __name__ is the metric's own name and cannot be given")
    return name

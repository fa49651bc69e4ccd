"""The user's own word on nodes: a YAML file that says what they are and what they cost.

    - match: {node: "gpu-*"}
      instance_type: p5.48xlarge
      capacity_type: reserved
      region: us-east-1
    - match: {provider_id: "eks-hybrid:///*"}
      dollars_per_hour: 41.5
      accelerators: 8
      accelerator_model: NVIDIA H100 80GB HBM3

`match` takes `*`, `?` and `[...]`; the first entry that matches a node speaks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from analyzer.ledger.nodes import NODES_FILE, Shape
from analyzer.pricing.price import LIST, Price
from exporters.source import GpuyieldError


class NodesFileError(GpuyieldError):
    """A nodes file cannot be read or contradicts itself."""


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which nodes are meant; all that is given must fit."""

    node: str = ""
    provider_id: str = ""

    def fits(self, node: str, provider_id: str) -> bool:
        given = ((node, self.node), (provider_id, self.provider_id))
        return all(fnmatchcase(value, pattern) for value, pattern in given if pattern)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of the nodes that match. `dollars_per_hour` is of the whole node; it goes before any table."""

    match: Match
    instance_type: str = ""
    capacity_type: Literal["", "on-demand", "spot", "reserved", "capacity-block", "hybrid"] = ""
    region: str = ""
    dollars_per_hour: float | None = None
    accelerators: int = 0
    accelerator_model: str = ""

    def __post_init__(self) -> None:
        if self.match == Match():
            raise ValueError("`match` needs a `node` or a `provider_id`")
        price = self.dollars_per_hour
        if price is not None and not (math.isfinite(price) and price > 0):
            raise ValueError(f"`dollars_per_hour` must be above 0, not {price}; leave it out where it is unknown")
        if self.accelerators < 0:
            raise ValueError(f"`accelerators` is a number of devices, not {self.accelerators}")


@dataclass(frozen=True, slots=True)
class NodesFile:
    """The entries, and the file's date, which is the date of its prices."""

    name: str
    as_of: date
    entries: tuple[Entry, ...]

    def shape(self, node: str, provider_id: str) -> Shape:
        """What the file says of a node; an empty shape when no entry matches."""
        entry = next((entry for entry in self.entries if entry.match.fits(node, provider_id)), None)
        if entry is None:
            return Shape()
        price = entry.dollars_per_hour
        own = Price(price, LIST, f"nodes file {self.name}", self.as_of, entry.instance_type or node) if price else None
        return Shape(
            instance_type=entry.instance_type,
            capacity_type=entry.capacity_type,
            region=entry.region,
            accelerators=entry.accelerators,
            accelerator_model=entry.accelerator_model,
            own_price=own,
            rung=NODES_FILE if entry.instance_type or own else "",
        )


def read_nodes_file(path: Path) -> NodesFile:
    """The file's entries; the error names the line of the entry that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        as_of = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except (OSError, UnicodeDecodeError) as error:
        raise NodesFileError(f"{path} cannot be read: {error}") from error
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise NodesFileError(f"{path} is not YAML{where}") from error
    if not isinstance(tree, yaml.SequenceNode) or not content:
        raise NodesFileError(f"{path}: a list of entries is needed, each with `match`")
    lines = [item.start_mark.line + 1 for item in tree.value]
    entries = tuple(
        _entry(value, f"{path}, entry {number}, line {line}")
        for number, (value, line) in enumerate(zip(content, lines, strict=True), 1)
    )
    return NodesFile(path.name, as_of, entries)


def _entry(value: object, where: str) -> Entry:
    try:
        return msgspec.convert(value, Entry)
    except msgspec.ValidationError as error:
        raise NodesFileError(f"{where}: {error}") from error

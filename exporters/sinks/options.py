"""Sinks as people choose them: --sink NAME[:KEY=VALUE,...], as often as they like, and --spool DIR.

A verb takes these as settings of the agent (`add_settings(parser, [..., *SINK_SETTINGS])`, `settings_of`), so that
flag, environment and file work alike, and hands them to `sinks_of`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from exporters.agent.clock import Clock
from exporters.agent.names import unknown_name
from exporters.discover import discover
from exporters.sinks import kinds
from exporters.sinks.kind import Around, Origin, SinkChoice, SinkKind
from exporters.sinks.sink import PushSink
from exporters.sources.neuron.place import instance_id_of_firmware

_PRODUCT_NAME = Path("devices/virtual/dmi/id/product_name")  # the instance type, on EC2's Nitro
SINK_SETTINGS = ("sink", "spool")


class SinkSettings(Protocol):
    """What is needed of the settings."""

    @property
    def sink(self) -> tuple[SinkChoice, ...]: ...

    @property
    def spool(self) -> Path | None: ...


def known_kinds() -> dict[str, SinkKind]:
    """Each file of exporters/sinks/kinds."""
    return discover(kinds, "kind", SinkKind)


def parse_sink(text: str) -> SinkChoice:
    """Raises ValueError, which says what to write instead."""
    name, _, pairs = text.strip().partition(":")
    if wrong := unknown_name([name], known := known_kinds()):
        raise ValueError(wrong)
    return SinkChoice(name, _values(known[name], _pairs(name, pairs)))


def sinks_of(settings: SinkSettings, origin: Origin, clock: Clock = time) -> list[PushSink]:
    """Made, in the order in which they were chosen. Each keeps its own folder in the spool."""
    known, made = known_kinds(), list[PushSink]()
    for place, choice in enumerate(settings.sink):
        number = sum(one.kind == choice.kind for one in settings.sink[:place])
        folder = choice.kind if number == 0 else f"{choice.kind}-{number + 1}"
        spool = settings.spool / folder if settings.spool else None
        made.append(known[choice.kind].make(choice.values, Around(origin, spool, clock, folder)))
    return made


def origin_of(sysfs: Path, node: str) -> Origin:
    """This machine, by what EC2's firmware says; without a node's name the sender speaks for no single machine."""
    if not node or not (instance_id := instance_id_of_firmware(sysfs)):
        return Origin(node)
    try:
        instance_type = (sysfs / _PRODUCT_NAME).read_text(errors="replace").strip()
    except OSError:
        return Origin(node, instance_id)
    return Origin(node, instance_id, instance_type)


def describe_sinks() -> str:
    """For --help: each kind with its keys."""
    lines = ["sinks:"]
    for name, kind in known_kinds().items():
        lines.append(f"  {name}: {kind.help}")
        for key, one in kind.keys.items():
            default = "" if one.default in (None, "") else f" (default: {one.default})"
            lines.append(f"    {key}={one.metavar}  {one.help}{' (needed)' if one.is_required else default}")
    return "\n".join(lines)


def _pairs(name: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or not value:
            raise ValueError(f"{name}: write KEY=VALUE, not {pair!r}")
        if key in found:
            raise ValueError(f"{name}: {key} is given twice")
        found[key] = value
    return found


def _values(kind: SinkKind, given: Mapping[str, str]) -> dict[str, Any]:
    if wrong := unknown_name(given, list(kind.keys)):
        raise ValueError(wrong)
    values: dict[str, Any] = {}
    for key, one in kind.keys.items():
        if key not in given and one.is_required:
            raise ValueError(f"{key}={one.metavar} is needed: {one.help}")
        try:
            values[key] = one.parse(given[key]) if key in given else one.default
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return values

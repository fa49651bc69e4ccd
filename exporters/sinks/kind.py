"""A kind of sink that can be chosen by name, with the keys that set it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporters.agent.clock import Clock
from exporters.sinks.sink import PushSink


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sends. Empty where it is not known."""

    node: str = ""
    instance_id: str = ""
    instance_type: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What a sink is given beside its own keys. `spool` is the folder where it may keep what it could not send yet.

    `name` is what it is called in telemetry: the kind, with a number where there are several of it.
    """

    origin: Origin
    spool: Path | None
    clock: Clock
    name: str


@dataclass(frozen=True, slots=True)
class Key:
    """One `key=value` of a sink. `parse` raises ValueError, which says what to write instead; `default` None: none."""

    metavar: str
    help: str
    parse: Callable[[str], Any] = str
    default: Any = None
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class SinkKind:
    """`make` is given a value for every key."""

    help: str
    keys: Mapping[str, Key]
    make: Callable[[Mapping[str, Any], Around], PushSink]


@dataclass(frozen=True, slots=True)
class SinkChoice:
    """What was written after --sink, understood."""

    kind: str
    values: Mapping[str, Any]

"""What can be set in the agent of a node. options.py fills it from flags, the environment and a file."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exporters.agent.log import Level, LogFormat
from exporters.recording.duration import parse_duration
from exporters.self_telemetry import SelfTelemetry
from exporters.sinks.kind import SinkChoice
from exporters.sinks.options import parse_sink

# Beside none of the exporters that a GPU node has (node_exporter 9100, DCGM 9400, nvidia_gpu_exporter 9835,
# neuron-monitor 8000) and above the ports 9100 to 10999, which Prometheus' wiki hands out to exporters.
DEFAULT_PORT = 19400
_HOST_AND_PORT = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\s:/\[\]]*)):(\d{1,5})", re.ASCII)
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1.0, 300.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; no host: on every address of the machine. Port 0: any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    match = _HOST_AND_PORT.fullmatch(text.strip())
    if not match or int(match[3]) > 65_535:
        raise ValueError("write HOST:PORT, [IPv6]:PORT, or :PORT for every address of the machine")
    return Address(match[1] or match[2] or "", int(match[3]))


def parse_interval(text: str) -> float:
    seconds = parse_duration(text)
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is not between {_SHORTEST_SECONDS:g}s and {_LONGEST_SECONDS:g}s")
    return seconds


def parse_page(text: str) -> str:
    url = urlsplit(text.strip())
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("a page is http://HOST:PORT/PATH or https://HOST:PORT/PATH")
    if url.username or url.password:
        raise ValueError("a URL with a user or a password in it is not taken: arguments and files are read by many")
    return url.geturl()


def one_of(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    """A parser that takes these words only."""

    def parse(text: str) -> StrEnum:
        if text not in [*choices]:
            raise ValueError(f"{text!r} is none of {', '.join(choices)}")
        return choices(text)

    return parse


def words(text: str) -> list[str]:
    """What is written as a list in one text: split at commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


@dataclass(frozen=True, slots=True)
class Setting:
    """How a field of `Settings` is written. `split`, for lists only: from one text to the texts of its items; a flag
    that `is_repeated` has one item each time."""

    metavar: str
    help: str
    parse: Callable[[str], Any]
    split: Callable[[str], list[str]] | None = None
    is_repeated: bool = False


def told(
    metavar: str,
    text: str,
    parse: Callable[[str], Any],
    split: Callable[[str], list[str]] | None = None,
    *,
    is_repeated: bool = False,
) -> dict[str, Setting]:
    """The metadata of a field."""
    return {"setting": Setting(metavar, text, parse, split, is_repeated)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Of one agent. Nothing in here is secret: secrets stand in the files that `web_config` names."""

    node_name: str = field(
        metadata=told(
            "NAME", "the Kubernetes node; NODE_NAME sets it too; outside Kubernetes the default is the host's name", str
        )
    )
    listen: Address = field(
        default=Address("127.0.0.1", DEFAULT_PORT),
        metadata=told("HOST:PORT", "where the page is served", parse_address),
    )
    web_config: Path | None = field(
        default=None, metadata=told("FILE", "TLS and passwords, in the format that Prometheus exporters share", Path)
    )
    interval_seconds: float = field(
        default=10.0, metadata=told("TIME", "from reading to reading of each source", parse_interval)
    )
    sources: tuple[str, ...] = field(
        default=(), metadata=told("NAME,...", "read only these kinds of source; without it, all", str, words)
    )
    kubelet_socket: Path = field(
        default=Path("/var/lib/kubelet/pod-resources/kubelet.sock"),
        metadata=told("SOCKET", "where the kubelet says who holds which device", Path),
    )
    neuron_monitor: tuple[str, ...] = field(
        default=("neuron-monitor",), metadata=told("COMMAND", "started where Neuron devices are", str, shlex.split)
    )
    neuron_source: Path | None = field(
        default=None,
        metadata=told("FILE", "a file or socket with neuron-monitor's lines, instead of starting it", Path),
    )
    sysfs: Path = field(default=Path("/sys"), metadata=told("DIR", "where the kernel shows devices", Path))
    pages: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "URL,...",
            "pages of DCGM's exporter and of engines (URL#namespace=NS&pod=POD), told again in our names",
            parse_page,
            words,
        ),
    )
    sink: tuple[SinkChoice, ...] = field(
        default=(),
        metadata=told(
            "NAME[:KEY=VALUE,...]",
            "send what is read to this sink too; may be repeated",
            parse_sink,
            shlex.split,
            is_repeated=True,
        ),
    )
    spool: Path | None = field(
        default=None,
        metadata=told(
            "DIR", "where sinks keep what they could not send yet; without it, in memory, and lost at the end", Path
        ),
    )
    self_telemetry: SelfTelemetry | None = field(
        default=None,
        metadata=told(
            "WORD",
            "otlp: tell of this process by OpenTelemetry's SDK; none; without it, as OTEL_METRICS_EXPORTER says",
            one_of(SelfTelemetry),
        ),
    )
    log_format: LogFormat = field(
        default=LogFormat.LOGFMT, metadata=told("FORMAT", "logfmt or json", one_of(LogFormat))
    )
    log_level: Level = field(default=Level.INFO, metadata=told("LEVEL", "debug, info, warning or error", one_of(Level)))

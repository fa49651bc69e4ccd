"""How targets are asked: time limit, headers, token and TLS, the same for every target of a recording."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporters.recording.fetch import Fetcher, read_token
from exporters.recording.targets import Target, TargetError

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """`headers` may hold secrets and are left out of what is printed."""

    timeout_seconds: float
    tls: ssl.SSLContext
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token_file: Path | None = None

    def __post_init__(self) -> None:
        if self.token_file is not None:
            read_token(self.token_file)  # says at the start what would else fail at each scrape

    def fetcher(self, target: Target) -> Fetcher:
        """A client for one target; its time limit is at most the target's interval."""
        timeout_seconds = min(self.timeout_seconds, target.interval_seconds)
        return Fetcher(target.url, timeout_seconds, self.tls, self.token_file, headers=self.headers)


def parse_headers(texts: Iterable[str]) -> dict[str, str]:
    """`Name: value` each. A message never repeats the value: it may be a secret."""
    headers: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or not _HEADER_NAME.fullmatch(name.strip()) or not _HEADER_VALUE.fullmatch(value.strip()):
            shown = name.strip() if colon else "(no colon in it)"
            raise TargetError(
                f"--header {shown}: write 'Name: value' in plain ASCII, for example 'X-Scope-OrgID: team'"
            )
        headers[name.strip()] = value.strip()
    return headers


def tls_context(ca_file: Path | None, is_unverified: bool) -> ssl.SSLContext:
    """Trusts the system's authorities and those of `ca_file`, or, unverified, everybody."""
    if ca_file is not None and is_unverified:
        raise TargetError("--ca-file and --insecure-skip-verify exclude each other: give one of them")
    try:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise TargetError(f"--ca-file {ca_file} cannot be used: {error.strerror or error}; it must be PEM") from error
    if is_unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context

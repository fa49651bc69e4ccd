"""Reads who may ask and over which TLS, in the file format that Prometheus exporters share (exporter-toolkit).

    tls_server_config: {cert_file: tls.crt, key_file: tls.key, client_ca_file: ca.crt,
                        client_auth_type: RequireAndVerifyClientCert, min_version: TLS13}
    basic_auth_users: {prometheus: <bcrypt hash, as `htpasswd -nBC 10 prometheus` prints it>}

Paths are relative to the file. What that format has beside these is refused by name, not silently left out.
"""

from __future__ import annotations

import importlib.util
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exporters.agent.log import Log
from exporters.agent.names import unknown_name
from exporters.source import GpuyieldError

_BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}", re.ASCII)
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
# The other two of that format take a client's certificate without looking at it, which helps nobody.
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_TLS_KEYS = ["cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version"]


class WebConfigError(GpuyieldError):
    """The file does not make sense."""


@dataclass(frozen=True, slots=True)
class Tls:
    """What a connection must be like."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None
    clients: ssl.VerifyMode
    min_version: ssl.TLSVersion


@dataclass(frozen=True, slots=True)
class WebConfig:
    """No TLS: plain HTTP. No users: no password is asked for."""

    tls: Tls | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)


class WebConfigFile:
    """The file as it is now: it is read again when it changed, and what it said last counts while it is broken."""

    def __init__(self, path: Path, log: Log) -> None:
        self._path = path
        self._log = log
        self._state = state_of(path)
        self._config = read_web_config(path)

    def current(self) -> WebConfig:
        state = state_of(self._path)
        if state != self._state:
            self._state = state
            try:
                self._config = read_web_config(self._path)
                self._log.info("web config read again")
            except WebConfigError as error:
                self._log.error("web config is broken, the last one stays", reason=str(error))
        return self._config


def state_of(*paths: Path) -> tuple[object, ...]:
    """Changes when a file does; a secret that Kubernetes mounts becomes another file."""
    found: list[object] = []
    for path in paths:
        try:
            stat = path.stat()
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append(None)
    return tuple(found)


def read_web_config(path: Path) -> WebConfig:
    """Raises WebConfigError. Messages quote names of the file, never its values: they may be secret."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise WebConfigError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError:
        raise WebConfigError(f"{path} is no YAML") from None
    parts = _map(content, f"{path}", ["tls_server_config", "basic_auth_users"])
    users = _map(parts.get("basic_auth_users") or {}, f"{path}: basic_auth_users")
    if users and not importlib.util.find_spec("bcrypt"):
        raise WebConfigError(f"{path}: basic_auth_users needs bcrypt: pip install 'gpuyield[node]'")
    for user, password_hash in users.items():
        if not isinstance(password_hash, str) or not _BCRYPT.fullmatch(password_hash):
            raise WebConfigError(f"{path}: basic_auth_users: {user}: no bcrypt hash; `htpasswd -nBC 10 NAME` makes one")
    tls = parts.get("tls_server_config")
    return WebConfig(_tls(tls, path) if tls else None, users)


def _tls(content: object, path: Path) -> Tls:
    where = f"{path}: tls_server_config"
    found = _map(content, where, _TLS_KEYS)
    for key in ("cert_file", "key_file"):
        if not found.get(key):
            raise WebConfigError(f"{where}: {key} is missing")
    clients = _choice(_CLIENTS, found, "client_auth_type", "NoClientCert", where)
    authority = found.get("client_ca_file")
    if (clients is not ssl.CERT_NONE) != bool(authority):
        raise WebConfigError(f"{where}: client_ca_file and a client_auth_type that verifies go together")
    return Tls(
        path.parent / str(found["cert_file"]),
        path.parent / str(found["key_file"]),
        path.parent / str(authority) if authority else None,
        clients,
        _choice(_VERSIONS, found, "min_version", "TLS12", where),
    )


def _choice(choices: Mapping[str, Any], found: dict[str, Any], key: str, default: str, where: str) -> Any:
    word = str(found.get(key) or default)
    if word not in choices:
        raise WebConfigError(f"{where}: {key}: one of {', '.join(choices)} is wanted")
    return choices[word]


def _map(content: object, where: str, known: Sequence[str] = ()) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise WebConfigError(f"{where}: names with values are wanted")
    if known and (wrong := unknown_name(content, known)):
        raise WebConfigError(f"{where}: {wrong}")
    return {str(key): value for key, value in content.items()}

"""Fills `Settings`: a flag wins over the environment, that over the file, that over the default."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import yaml

from exporters.agent.names import unknown_name
from exporters.agent.settings import Setting, Settings
from exporters.source import GpuyieldError

_ENVIRONMENT = "GPUYIELD_"
_UNIT = "_seconds"


class SettingsError(GpuyieldError):
    """A setting that does not make sense."""


def flag_of(name: str) -> str:
    return "--" + name.removesuffix(_UNIT).replace("_", "-")


def variable_of(name: str) -> str:
    """Of the environment. Others that begin like these are left alone: Kubernetes makes some for each Service."""
    return _ENVIRONMENT + name.removesuffix(_UNIT).upper()


def key_of(name: str) -> str:
    """In the file."""
    return name.removesuffix(_UNIT)


def add_settings(parser: argparse.ArgumentParser, names: Collection[str] | None = None) -> None:
    """A flag for each setting, or for those that mean something here; its help names the variable that sets it too."""
    parser.add_argument(
        "--config", metavar="FILE", help=f"a YAML file with settings ({_ENVIRONMENT}CONFIG); unknown names are refused"
    )
    for one, setting in _settings():
        if names is not None and one.name not in names:
            parser.set_defaults(**{one.name: None})
            continue
        default = "" if one.default in (MISSING, None, ()) else f"; default: {_shown(one.default)}"
        text = f"{setting.help} ({variable_of(one.name)}{default})"
        parser.add_argument(
            flag_of(one.name),
            dest=one.name,
            metavar=setting.metavar,
            help=text.replace("%", "%%"),
            action="append" if setting.is_repeated else "store",
        )


def settings_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError, which names the place of what is wrong."""
    path = arguments.config or environment.get(f"{_ENVIRONMENT}CONFIG")
    file = _read(Path(path)) if path else {}
    found: dict[str, Any] = {}
    for one, setting in _settings():
        flag, variable, key = flag_of(one.name), variable_of(one.name), key_of(one.name)
        if (text := getattr(arguments, one.name)) is not None:
            found[one.name] = _parsed(setting, text, flag)
        elif text := environment.get(variable):
            found[one.name] = _parsed(setting, text, variable)
        elif key in file:
            found[one.name] = _parsed(setting, file[key], f"{path}: {key}")
    if not found.get("node_name"):
        found["node_name"] = _node_name(environment)
    return Settings(**found)


def _settings() -> Iterator[tuple[Field[Any], Setting]]:
    for one in fields(Settings):
        yield one, one.metadata["setting"]


def _node_name(environment: Mapping[str, str]) -> str:
    if name := environment.get("NODE_NAME"):
        return name
    if "KUBERNETES_SERVICE_HOST" in environment:  # the host's name is the pod's there, and no node
        raise SettingsError("which node is this? Set NODE_NAME from the field spec.nodeName, or give --node-name")
    return socket.gethostname()


def _parsed(setting: Setting, value: object, where: str) -> object:
    try:
        if setting.split is None:
            return setting.parse(_text(value))
        items = value if isinstance(value, list) else setting.split(_text(value))
        return tuple(setting.parse(_text(item)) for item in items)
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def _text(value: object) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    raise ValueError("a text or a number is wanted here")


def _read(path: Path) -> dict[str, object]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise SettingsError(f"{path} is no YAML" + ("" if line is None else f" (line {line + 1})")) from None
    if not isinstance(found or {}, dict):
        raise SettingsError(f"{path}: names with values are wanted, like `interval: 10s`")
    if wrong := unknown_name(found or {}, [key_of(one.name) for one, _ in _settings()]):
        raise SettingsError(f"{path}: {wrong}")
    return found or {}


def _shown(value: object) -> str:
    return (
        " ".join(map(str, value))
        if isinstance(value, tuple)
        else f"{value:g}s"
        if isinstance(value, float)
        else str(value)
    )

"""Reads the targets of a file, YAML or JSON, in one of two forms.

    [{"targets": ["10.0.1.7:9400"], "labels": {"job": "dcgm"}}]                      Prometheus's file_sd
    {"targets": [{"url": "http://10.0.1.7:9400/metrics", "labels": {}, "interval": "5s"}]}

In the first, `__scheme__`, `__metrics_path__` and `__param_*` are honoured; other labels with `__` are dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from exporters.importing.labels import check_label
from exporters.recording.duration import parse_duration
from exporters.recording.targets import Target, TargetError, make_target

_PARAM = "__param_"


def read_targets(path: Path, labels: Mapping[str, str], interval_seconds: float) -> list[Target]:
    """The file's targets. Its own labels and intervals win over those given here."""
    match _content(path):
        case list(groups):
            found = list(_file_sd(groups, path, labels, interval_seconds))
        case {"targets": list(entries)}:
            found = list(_entries(entries, path, labels, interval_seconds))
        case _:
            raise TargetError(f"{path}: neither a list of target groups nor a map with `targets`")
    if not found:
        raise TargetError(f"{path}: no targets in it")
    return found


def _content(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} cannot be read: {error}") from error
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)  # the error itself quotes the file
        where = "" if line is None else f" (line {line + 1})"
        raise TargetError(f"{path} is neither JSON nor YAML{where}") from None


def _file_sd(groups: list[Any], path: Path, labels: Mapping[str, str], interval: float) -> Iterator[Target]:
    for number, group in enumerate(groups, 1):
        where = f"{path}, group {number}"
        if not isinstance(group, dict) or not isinstance(group.get("targets"), list):
            raise TargetError(f"{where}: no list of `targets`")
        own = _labels(group.get("labels"), where)
        scheme = own.get("__scheme__", "http")
        page = "/" + own.get("__metrics_path__", "/metrics").removeprefix("/")
        query = urlencode({name.removeprefix(_PARAM): value for name, value in own.items() if name.startswith(_PARAM)})
        kept = {name: value for name, value in own.items() if not name.startswith("__")}
        for address in group["targets"]:
            if not isinstance(address, str) or not address or set(address) & set("/?#@"):
                raise TargetError(f"{where}: a target is written HOST:PORT")
            url = f"{scheme}://{address}{page}" + (f"?{query}" if query else "")
            yield make_target(url, {**labels, **kept}, interval)


def _entries(entries: list[Any], path: Path, labels: Mapping[str, str], interval: float) -> Iterator[Target]:
    for number, entry in enumerate(entries, 1):
        where = f"{path}, target {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise TargetError(f"{where}: no `url`")
        unknown = entry.keys() - {"url", "labels", "interval"}
        if unknown:
            raise TargetError(f"{where}: {', '.join(sorted(map(str, unknown)))}: not one of url, labels, interval")
        try:
            own = parse_duration(str(entry["interval"])) if "interval" in entry else interval
        except ValueError as error:
            raise TargetError(f"{where}: interval {error}") from None
        yield make_target(entry["url"], {**labels, **_labels(entry.get("labels"), where)}, own)


def _labels(found: object, where: str) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str | int | float) for value in found.values()):
        raise TargetError(f"{where}: `labels` must be a map of names to texts")
    return {
        check_label(str(name), where): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in found.items()
    }

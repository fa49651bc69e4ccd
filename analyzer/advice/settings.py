"""What a reader may choose about advice: thresholds, for everything or for a part, and what is to be left alone.

    thresholds: {empty_node_hours: 2}
    overrides:                              # the last that fits wins
      - match: {namespace: "research-*"}    # cluster, nodepool, node, instance_type, namespace, team, workload, model
        thresholds: {idle_device_hours: 8}
    leave_alone:
      - match: {namespace: dr, rule: B1}
        reason: warm standby, asked for by ana

`match` takes `*`, `?` and `[...]`; all that is given must fit. `team` is the pods' label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import yaml

from analyzer.advice.thresholds import Thresholds, names
from exporters.source import GpuyieldError

_ABOVE_ONE = ("memory_headroom_ratio",)
T = TypeVar("T", bound=msgspec.Struct)


class AdviceSettingsError(GpuyieldError):
    """A file of settings or acknowledgements cannot be read or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a threshold is asked for; empty text where that says nothing."""

    cluster: str = ""
    nodepool: str = ""
    node: str = ""
    instance_type: str = ""
    namespace: str = ""
    team: str = ""
    workload: str = ""
    model: str = ""


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands in a file; a name that is not understood is a mistake."""


class Match(Strict, frozen=True):
    """Which resources are meant."""

    rule: str = ""
    cluster: str = ""
    nodepool: str = ""
    node: str = ""
    instance_type: str = ""
    namespace: str = ""
    team: str = ""
    workload: str = ""
    model: str = ""

    def fits(self, where: Where, rule: str = "") -> bool:
        patterns = {name: getattr(self, name) for name in self.__struct_fields__ if name != "rule"}
        return (not self.rule or fnmatchcase(rule, self.rule)) and all(
            fnmatchcase(getattr(where, name), pattern) for name, pattern in patterns.items() if pattern
        )


Number = Annotated[float, msgspec.Meta(ge=0, lt=1e12)]


class Override(Strict, frozen=True):
    match: Match
    thresholds: dict[str, Number]


class LeaveAlone(Strict, frozen=True):
    match: Match
    reason: Annotated[str, msgspec.Meta(min_length=1)]


class SettingsFile(Strict, frozen=True):
    thresholds: dict[str, Number] = {}
    overrides: list[Override] = []
    leave_alone: list[LeaveAlone] = []


@dataclass(frozen=True, slots=True)
class Settings:
    """The thresholds for each place. The defaults are `Thresholds()`."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    overrides: tuple[Override, ...] = ()
    leave_alone: tuple[LeaveAlone, ...] = ()

    def at(self, where: Where, rule: str = "") -> Thresholds:
        """The thresholds that hold there."""
        found = self.thresholds
        for one in self.overrides:
            if one.match.fits(where, rule):
                found = replace(found, **one.thresholds)
        return found

    def left_alone(self, where: Where, rule: str) -> str:
        """Why a resource is left alone; empty text where it is not."""
        return next((one.reason for one in self.leave_alone if one.match.fits(where, rule)), "")


def read_settings(path: Path) -> Settings:
    """The settings of a YAML file."""
    content = read_yaml(path, SettingsFile)
    for given in (content.thresholds, *(one.thresholds for one in content.overrides)):
        _check(path, given)
    return Settings(replace(Thresholds(), **content.thresholds), tuple(content.overrides), tuple(content.leave_alone))


def read_yaml(path: Path, kind: type[T]) -> T:
    """A YAML file of one kind, with an error that says where it is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return msgspec.convert({} if content is None else content, kind)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise AdviceSettingsError(f"{path} cannot be read: {error}") from error


def _check(path: Path, given: Mapping[str, float]) -> None:
    unknown = sorted(set(given) - set(names()))
    if unknown:
        raise AdviceSettingsError(f"{path}: there is no threshold {', '.join(unknown)}")
    high = [name for name in given if name.endswith("_ratio") and given[name] > 1 and name not in _ABOVE_ONE]
    if high:
        raise AdviceSettingsError(f"{path}: {', '.join(high)}: a ratio is 0 to 1")
